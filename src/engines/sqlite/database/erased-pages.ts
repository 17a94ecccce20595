import type { DatabaseSync } from 'node:sqlite';
import type { Milliseconds } from '../../../core/time.ts';
import { BUSY_TIMEOUT_MS } from './connection.ts';
import { failureOf } from './sqlite-error.ts';

/** How long what was erased may stand in the write-ahead log; erasures within it share one checkpoint. */
const SCRUB_PAUSE_MS: Milliseconds = 2_000;
/** A backup tool may be reading the log. */
const RETRY_PAUSE_MS: Milliseconds = 1_000;

/**
 * Takes what was erased out of the write-ahead log. `secure_delete` writes zeros over deleted rows, as newer versions of their
 * pages; the older versions stay in the log until it is written over. A checkpoint that cuts the log to nothing brings the
 * zeros into the database and frees the rest.
 */
export class ErasedPages {
  readonly #db: DatabaseSync;
  readonly #onFatal: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param onFatal the disk did not do as told: what is in the log may never reach the database */
  constructor(db: DatabaseSync, onFatal: (error: unknown) => void) {
    this.#db = db;
    this.#onFatal = onFatal;
  }

  /** After a crash between an erasure and its checkpoint. What fails here (no space) is tried again later. */
  scrubAtStart(): void {
    if (!this.#cutLog()) this.#plan(RETRY_PAUSE_MS);
  }

  /** Something was erased. */
  scrubSoon(): void {
    this.#plan(SCRUB_PAUSE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #plan(pauseMs: Milliseconds): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.#cutLog()) this.#plan(RETRY_PAUSE_MS);
    }, pauseMs).unref();
  }

  #cutLog(): boolean {
    // In the middle of a write of many steps.
    if (this.#db.isTransaction) return false;
    try {
      // A reader that is in the way may be this thread's own: waiting for it would take the loop from everybody.
      this.#db.exec('PRAGMA busy_timeout = 0');
      return this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0;
    } catch (error) {
      if (failureOf(error) === 'io') this.#onFatal(error);
      return false;
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
  }
}
