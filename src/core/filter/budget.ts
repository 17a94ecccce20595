/** Steps of one filter on one event; a step (one member or item) takes about 0.1 µs, so at most some ms. */
const MAX_STEPS = 100_000;

/** Counts the steps of a filter. When the budget is spent, every condition is false and the filter does not match. */
export class Budget {
  #remaining = MAX_STEPS;

  get isSpent(): boolean {
    return this.#remaining < 0;
  }

  get spent(): number {
    return MAX_STEPS - this.#remaining;
  }

  /** @returns whether the budget sufficed */
  spend(steps = 1): boolean {
    this.#remaining -= steps;
    return this.#remaining >= 0;
  }
}
