import type { Milliseconds } from '../../core/time.ts';
import type { Log } from '../../ports/observability/log.ts';
import { isItemError } from '../../ports/unavailable.ts';

const PAUSE_MS: Milliseconds = 1_000;
/** Of a call that fails by what it holds, not because the record is away: then its caller puts that one thing aside. */
const MAX_TRIES_OF_ONE = 3;

/** Asks a failing record again until it works: what was sent must be written down. */
export class RetryLoop {
  readonly #log: Log;
  #stopping = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** From here on once is enough: leases run out by themselves. */
  stop(): void {
    this.#stopping = true;
  }

  /** Throws the error of a call that the record answers, and refuses, three times. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    let refusals = 0;
    while (true) {
      try {
        return await call();
      } catch (error) {
        if (isItemError(error)) refusals++;
        if (this.#stopping || refusals >= MAX_TRIES_OF_ONE) throw error;
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
