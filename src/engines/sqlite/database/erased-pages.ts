import type { DatabaseSync } from 'node:sqlite';
import type { Milliseconds } from '../../../core/time.ts';
import { BUSY_TIMEOUT_MS } from './connection.ts';
import { failureOf } from './sqlite-error.ts';

/** How long erased data may stay in the write-ahead log; erasures within this time share one checkpoint. */
const SCRUB_PAUSE_MS: Milliseconds = 2_000;
/** Retry delay, for example while a backup tool reads the log. */
const RETRY_PAUSE_MS: Milliseconds = 1_000;

/**
 * Removes erased data from the write-ahead log. `secure_delete` overwrites deleted rows with zeros in newer versions of
 * their pages; older versions stay in the log until it is overwritten. A checkpoint that truncates the log writes the
 * zeros to the database and removes the older versions.
 */
export class ErasedPages {
  readonly #db: DatabaseSync;
  readonly #onFatal: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param onFatal called after an I/O error: data in the log may never reach the database */
  constructor(db: DatabaseSync, onFatal: (error: unknown) => void) {
    this.#db = db;
    this.#onFatal = onFatal;
  }

  /** Truncates the log after a crash between an erasure and its checkpoint. A failure (no space) is retried later. */
  scrubAtStart(): void {
    if (!this.#truncateWal()) this.#schedule(RETRY_PAUSE_MS);
  }

  /** Call after an erasure. */
  scrubSoon(): void {
    this.#schedule(SCRUB_PAUSE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(pauseMs: Milliseconds): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.#truncateWal()) this.#schedule(RETRY_PAUSE_MS);
    }, pauseMs).unref();
  }

  #truncateWal(): boolean {
    // A stepped write is in progress.
    if (this.#db.isTransaction) return false;
    try {
      // A blocking reader may run on this thread: waiting for it would block the event loop.
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
