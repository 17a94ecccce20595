import type { Milliseconds } from '../../core/time.ts';
import type { Log } from '../../ports/observability/log.ts';
import { isItemError } from '../../ports/unavailable.ts';

const PAUSE_MS: Milliseconds = 1_000;
/** Tries of a call that fails with an item error (`isItemError`); then the caller handles that one item. */
const MAX_TRIES_OF_ONE = 3;

/** Repeats a call until the record answers: the result of a sent request must be recorded. */
export class RetryLoop {
  readonly #log: Log;
  #stopping = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** After this each call is tried once; leases expire by themselves. */
  stop(): void {
    this.#stopping = true;
  }

  /** @throws the error of a call that failed three times with an item error */
  async run<T>(call: () => Promise<T>): Promise<T> {
    let refusals = 0;
    while (true) {
      try {
        return await call();
      } catch (error) {
        if (isItemError(error)) refusals++;
        if (this.#stopping || refusals >= MAX_TRIES_OF_ONE) throw error;
        this.#log.warn('The record could not be reached, retrying', {}, error);
        await this.pause();
      }
    }
  }

  /** Waits between two tries. */
  pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
  }
}
