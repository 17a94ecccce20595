import type { Milliseconds } from '../../../core/time.ts';

/**
 * Time of one turn of the event loop for parsing all connections together. A hundred connections that were ready at once, each
 * with half a line of NDJSON, blocked the loop for 87 ms.
 */
const SHARED_TURN_MS: Milliseconds = 4;

/** Limits how much of a turn of the event loop parsing may use. Connections beyond it continue in the next turn. */
export class SharedTurn {
  readonly #later: (() => void)[] = [];
  #usedMs: Milliseconds = 0;
  #isScheduled = false;

  get isOver(): boolean {
    return this.#usedMs >= SHARED_TURN_MS;
  }

  use(ms: Milliseconds): void {
    this.#usedMs += ms;
    this.#schedule();
  }

  /** In the order of arrival. */
  later(read: () => void): void {
    this.#later.push(read);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    this.#isScheduled = false;
    this.#usedMs = 0;
    let done = 0;
    while (done < this.#later.length && !this.isOver) this.#later[done++]?.();
    this.#later.splice(0, done);
    if (this.#later.length > 0) this.#schedule();
  };
}
