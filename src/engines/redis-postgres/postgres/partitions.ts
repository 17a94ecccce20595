import { isUuid, uuidv7Time } from '../../../core/ids.ts';
import { addMs, type Milliseconds, type Timestamp, timestamp, toIso } from '../../../core/time.ts';
import type { Database } from './database.ts';
import { lowestIdAt } from './id-range.ts';

const DAY_MS: Milliseconds = 86_400_000;
/** `pg_advisory_xact_lock(key)`: one process at a time makes or drops partitions. */
export const PARTITION_LOCK_KEY = 7463_0002;

/** Tables with a partition a day, and what comes with it. Rows of deliveries change twice an attempt: room for that. */
export const PARTITIONED_TABLES = {
  events: '',
  deliveries: ' WITH (fillfactor = 80)',
  attempts: '',
} as const;

/** The days (UTC) for which there are partitions. Whoever writes makes sure of the days of his ids first. */
export class Partitions {
  readonly #database: Database;
  /** Days known to be there, by their start. */
  readonly #known = new Set<Timestamp>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Costs nothing when the days are known, which they are but for the first of each day. */
  async ensure(ids: Iterable<string>): Promise<void> {
    const missing = new Set<Timestamp>();
    for (const id of ids) {
      const day = dayOf(id);
      if (!this.#known.has(day)) missing.add(day);
    }
    for (const day of [...missing].sort((a, b) => a - b)) await this.#make(day);
  }

  /** Today and tomorrow, so that nobody waits at midnight. */
  async ensureAhead(now: Timestamp): Promise<void> {
    for (const at of [now, addMs(now, DAY_MS)]) {
      const day = startOfDay(at);
      if (!this.#known.has(day)) await this.#make(day);
    }
  }

  /** After somebody has dropped a day. */
  forget(): void {
    this.#known.clear();
  }

  async #make(day: Timestamp): Promise<void> {
    const bounds = `FROM ('${lowestIdAt(day)}') TO ('${lowestIdAt(addMs(day, DAY_MS))}')`;
    const tables = Object.entries(PARTITIONED_TABLES).map(
      ([table, storage]) =>
        `CREATE TABLE IF NOT EXISTS ${partitionName(table, day)} PARTITION OF ${table} FOR VALUES ${bounds}${storage};`,
    );
    // One message is one transaction: all three, under the lock.
    await this.#database.execute(`SELECT pg_advisory_xact_lock(${PARTITION_LOCK_KEY}); ${tables.join(' ')}`);
    this.#known.add(day);
  }
}

/** `events_20261124` */
export function partitionName(table: string, day: Timestamp): string {
  return `${table}_${toIso(day).slice(0, 10).replaceAll('-', '')}`;
}

export function startOfDay(at: Timestamp): Timestamp {
  return timestamp(at - (at % DAY_MS));
}

function dayOf(id: string): Timestamp {
  if (!isUuid(id)) throw new TypeError('An id that is no UUID has no day');
  return startOfDay(uuidv7Time(id));
}
