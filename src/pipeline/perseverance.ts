import type { Milliseconds } from '../core/time.ts';
import type { Log } from '../ports/log.ts';

const PAUSE_MS: Milliseconds = 1_000;

/** Asks a failing record again until it works: what was sent must be written down. */
export class Perseverance {
  readonly #log: Log;
  #stopping = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** From here on once is enough: leases run out by themselves. */
  stop(): void {
    this.#stopping = true;
  }

  async untilItWorks<T>(call: () => Promise<T>): Promise<T> {
    while (true) {
      try {
        return await call();
      } catch (error) {
        if (this.#stopping) throw error;
        this.#log.warn('The record could not be reached, trying again', {}, error);
        await this.pause();
      }
    }
  }

  /** Between two tries of whatever failed. */
  pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
  }
}
