import type { Milliseconds } from '../../../core/time.ts';
import type { Database } from './database.ts';
import { dayOf } from './partitions.ts';

/** Erasures within it share one VACUUM of a day; autovacuum would wait until a fifth of the day is dead. */
const VACUUM_PAUSE_MS: Milliseconds = 5_000;
/** A VACUUM reads the pages that changed, and of a big day all indexes: not one after the other without an end. */
const MAX_DAYS = 400;

/**
 * Frees the rows that an erasure has deleted: a deleted row stays in its page, readable for who reads the files, until a VACUUM
 * takes it out. What a page holds beyond that, the log (WAL) and backups are PostgreSQL's own: docs/OPERATING.md.
 */
export class ErasedRows {
  readonly #database: Database;
  readonly #pauseMs: Milliseconds;
  readonly #days = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database, pauseMs: Milliseconds = VACUUM_PAUSE_MS) {
    this.#database = database;
    this.#pauseMs = pauseMs;
  }

  /** @param ids of the events, and so of the days of their deliveries and attempts too */
  freeSoon(ids: readonly string[]): void {
    for (const id of ids) if (this.#days.size < MAX_DAYS) this.#days.add(dayOf(id));
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#free();
    }, this.#pauseMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** What fails (a lock, the time limit of a statement, no right) is left to autovacuum. */
  async #free(): Promise<void> {
    const days = [...this.#days];
    this.#days.clear();
    const tables = days.flatMap((day) => [`events_${day}`, `deliveries_${day}`, `attempts_${day}`]);
    for (const table of tables) await this.#database.execute(`VACUUM (SKIP_LOCKED) ${table}`).catch(() => {});
  }
}
