import { addMs, type Milliseconds, type Timestamp, timestamp } from '../../../core/time.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import type { Database } from './database.ts';
import { lowestIdAt } from './id-range.ts';
import { PARTITION_LOCK_KEY, PARTITIONED_TABLES, type Partitions, partitionName } from './partitions.ts';
import { number, text } from './row.ts';

const DAY_MS: Milliseconds = 86_400_000;
/** In one step. */
const MAX_MESSAGES = 5_000;
/** Dropping needs the tables for a moment; whoever is in the way goes first, and the next round tries again. */
const LOCK_TIMEOUT_MS: Milliseconds = 500;

/** Days that retention takes away as a whole. */
export class OldDays {
  readonly #database: Database;
  readonly #partitions: Partitions;

  constructor(parts: { database: Database; partitions: Partitions }) {
    this.#database = parts.database;
    this.#partitions = parts.partitions;
  }

  /** The first day after `after` (its start; -1 = from the beginning) that began at `upTo` or before. */
  async next(after: number, upTo: Timestamp): Promise<Timestamp | null> {
    const days = (await this.#database.query('partitions', [])).map((row) => dayOfName(text(row, 'name')));
    const old = days.filter((day) => day > after && day <= upTo);
    return old.length === 0 ? null : timestamp(Math.min(...old));
  }

  /**
   * One bounded step.
   * @returns done: the day is gone, or stays because something in it waits; removed: how many events, as the planner counts
   */
  async remove(day: Timestamp): Promise<{ readonly done: boolean; readonly removed: number }> {
    const range = [lowestIdAt(day), lowestIdAt(addMs(day, DAY_MS))];
    const [waiting] = await this.#database.query('day-waits', range);
    if (waiting?.['waits'] !== false) return { done: true, removed: 0 };
    const [messages] = await this.#database.query('remove-messages-of-day', [...range, MAX_MESSAGES]);
    if (number(messages ?? {}, 'removed') === MAX_MESSAGES) return { done: false, removed: 0 };
    const [size] = await this.#database.query('partition-size', [partitionName('events', day)]);
    return (await this.#drop(day))
      ? { done: true, removed: size === undefined ? 0 : number(size, 'rows') }
      : { done: true, removed: 0 };
  }

  async #drop(day: Timestamp): Promise<boolean> {
    const names = Object.keys(PARTITIONED_TABLES).map((table) => partitionName(table, day));
    try {
      await this.#database.execute(
        `BEGIN; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; SELECT pg_advisory_xact_lock(${PARTITION_LOCK_KEY}); DROP TABLE IF EXISTS ${names.join(', ')}; COMMIT`,
      );
    } catch (error) {
      if (error instanceof EngineUnavailable) return false;
      throw error;
    }
    this.#partitions.forget();
    return true;
  }
}

/** `events_20261124` → the start of that day. */
function dayOfName(name: string): Timestamp {
  const [, year, month, date] = /_(\d{4})(\d{2})(\d{2})$/.exec(name) ?? [];
  return timestamp(Date.UTC(Number(year), Number(month) - 1, Number(date)));
}
