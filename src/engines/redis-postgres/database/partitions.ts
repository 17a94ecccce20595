import { isUuid, uuidv7Time } from '../../../core/ids.ts';
import { addMs, type Milliseconds, type Timestamp, timestamp, toIso } from '../../../core/time.ts';
import { lowestIdAt } from '../../rows/id-range.ts';
import type { Database } from './database.ts';

const DAY_MS: Milliseconds = 86_400_000;
/** Ids outside of this range are refused: one bad entry must not create a year of partitions. */
const EARLIEST: Timestamp = timestamp(Date.UTC(2020, 0, 1));
const LATEST: Timestamp = timestamp(Date.UTC(2100, 0, 1));

/** The days (UTC) that have partitions. A writer ensures the days of its ids first. */
export class Partitions {
  readonly #database: Database;
  /** Days known to exist, by their start. */
  readonly #known = new Set<Timestamp>();

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Creates missing days. Costs nothing for known days, which all are but for the first write of a day.
   * @param ids ids of events and deliveries; each must pass `hasDay`
   */
  async ensure(ids: Iterable<string>): Promise<void> {
    const missing = new Set<Timestamp>();
    for (const id of ids) {
      if (!hasDay(id)) throw new TypeError('An id that is not a UUIDv7 has no day');
      const day = startOfDay(uuidv7Time(id));
      if (!this.#known.has(day)) missing.add(day);
    }
    for (const day of [...missing].sort((a, b) => a - b)) await this.#make(day);
  }

  /** Ensures today and tomorrow, so that nothing waits at midnight. */
  async ensureAhead(now: Timestamp): Promise<void> {
    for (const at of [now, addMs(now, DAY_MS)]) {
      const day = startOfDay(at);
      if (!this.#known.has(day)) await this.#make(day);
    }
  }

  /** Call after a day was dropped. */
  forget(): void {
    this.#known.clear();
  }

  async #make(day: Timestamp): Promise<void> {
    await this.#database.query('make-day', dayParameters(day), { idempotent: true, patient: true });
    this.#known.add(day);
  }
}

/** Whether an id is a UUIDv7 of this century (RFC 9562, section 5.7). */
export function hasDay(id: string): boolean {
  if (!isUuid(id) || id[14] !== '7') return false;
  const at = uuidv7Time(id);
  return at >= EARLIEST && at < LATEST;
}

/** The name of an id's day, such as `20261124`. */
export function dayOf(id: string): string {
  return dayParameters(startOfDay(uuidv7Time(id)))[0];
}

/** A day's name, such as `20261124`, and its range of ids. */
export function dayParameters(day: Timestamp): [name: string, from: string, before: string] {
  return [toIso(day).slice(0, 10).replaceAll('-', ''), lowestIdAt(day), lowestIdAt(addMs(day, DAY_MS))];
}

function startOfDay(at: Timestamp): Timestamp {
  return timestamp(at - (at % DAY_MS));
}
