/** Steps (`FilteredEvent.steps`) in one slice of the event loop: about 10 ms. */
const STEPS_PER_TURN = 100_000;

/** Counts the steps of filters and type patterns and says when to yield to the event loop. */
export class LoopTurns {
  #steps = 0;

  /** @returns whether to await `next` before continuing */
  isOver(steps: number): boolean {
    this.#steps += steps;
    if (this.#steps < STEPS_PER_TURN) return false;
    this.#steps = 0;
    return true;
  }

  next(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}
