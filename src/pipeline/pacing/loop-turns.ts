/** Steps of filters (`FilteredEvent.steps`) between two turns of the event loop: some 10 ms. */
const STEPS_PER_TURN = 100_000;

/** Counts what filters and patterns of types do, to let others have the event loop in between. */
export class LoopTurns {
  #steps = 0;

  /** @returns whether it is time to wait for the `next` */
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
