import type { Milliseconds } from '../../../core/time.ts';
import type { Database } from './database.ts';
import { dayOf } from './partitions.ts';

/** Erasures within this time share one VACUUM of a day; autovacuum would wait until a fifth of the day is dead rows. */
const VACUUM_PAUSE_MS: Milliseconds = 5_000;
/** Maximum number of days to vacuum: a VACUUM reads changed pages and all indexes of a large day. */
const MAX_DAYS = 400;

/**
 * Frees deleted rows after an erasure: until a VACUUM a deleted row stays readable in its page. Copies in the WAL and in
 * backups are not removed (docs/OPERATING.md).
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

  /** @param ids ids of the erased events; they also determine the days of their deliveries and attempts */
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

  /** Failures (a lock, the statement timeout, missing rights) are left to autovacuum. */
  async #free(): Promise<void> {
    const days = [...this.#days];
    this.#days.clear();
    const tables = days.flatMap((day) => [`events_${day}`, `deliveries_${day}`, `attempts_${day}`]);
    for (const table of tables) await this.#database.execute(`VACUUM (SKIP_LOCKED) ${table}`).catch(() => {});
  }
}
