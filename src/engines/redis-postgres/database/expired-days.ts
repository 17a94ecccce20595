import { addMs, type Milliseconds, type Timestamp, timestamp } from '../../../core/time.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { lowestIdAt } from '../../rows/id-range.ts';
import { number, text } from '../../rows/row.ts';
import type { Database } from './database.ts';
import { dayParameters, type Partitions } from './partitions.ts';

const DAY_MS: Milliseconds = 86_400_000;
/** Messages per step: about 10 ms. */
const MAX_MESSAGES = 5_000;

/** Removes whole days (partitions) for retention. */
export class ExpiredDays {
  readonly #database: Database;
  readonly #partitions: Partitions;

  constructor(parts: { database: Database; partitions: Partitions }) {
    this.#database = parts.database;
    this.#partitions = parts.partitions;
  }

  /** The first day after `after` (null = of all) that ended at or before `before`. */
  async next(after: Timestamp | null, before: Timestamp): Promise<Timestamp | null> {
    const days = (await this.#all()).filter((day) => (after === null || day > after) && addMs(day, DAY_MS) <= before);
    return days[0] ?? null;
  }

  /**
   * Drops a day, unless it has waiting deliveries or another session blocks it; the next round then retries.
   * @returns how many events were dropped, as the planner estimates
   */
  async drop(day: Timestamp): Promise<number> {
    const parameters = dayParameters(day);
    const [size] = await this.#database.query('partition-size', [`events_${parameters[0]}`]);
    try {
      const [dropped] = await this.#database.query('drop-day', parameters, { patient: true });
      if (dropped?.['gone'] !== true) return 0;
    } catch (error) {
      if (error instanceof EngineUnavailable) return 0;
      throw error;
    }
    this.#partitions.forget();
    return size === undefined ? 0 : number(size, 'rows');
  }

  /** Removes inbox messages of dropped days, one bounded step. @returns whether that was all */
  async removeMessages(): Promise<boolean> {
    const [oldest] = await this.#all();
    if (oldest === undefined) return true;
    const [row] = await this.#database.query('remove-old-messages', [lowestIdAt(oldest), MAX_MESSAGES]);
    return row === undefined || number(row, 'removed') < MAX_MESSAGES;
  }

  /** All days, oldest first. */
  async #all(): Promise<Timestamp[]> {
    const rows = await this.#database.query('partitions', [], { idempotent: true });
    const days = new Set(rows.map((row) => startOfNamed(text(row, 'name'))));
    return [...days].filter((day) => day !== null).sort((a, b) => a - b);
  }
}

/** `events_20261124` → the start of that day; null for a partition that an operator created. */
function startOfNamed(name: string): Timestamp | null {
  const match = /_(\d{4})(\d{2})(\d{2})$/.exec(name);
  return match === null ? null : timestamp(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])));
}
