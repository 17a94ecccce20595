import type { Milliseconds } from '../../../core/time.ts';

/**
 * Of one turn of the event loop, for the parsing of all connections together. A hundred connections that were ready at once,
 * each with a half line of NDJSON, held the loop for 87 ms.
 */
const SHARED_TURN_MS: Milliseconds = 4;

/** Shares each turn of the event loop between connections that have something to parse; the others go on in the next. */
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

  /** In the order in which they came. */
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
