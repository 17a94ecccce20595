/** What a filter may do for one event, in members and items looked at, each about 0.1 µs: some milliseconds at most. */
const MAX_STEPS = 100_000;

/** Whoever asks once it is spent is told no; the filter then doesn't match, whatever it makes of that no. */
export class Budget {
  #left = MAX_STEPS;

  get isSpent(): boolean {
    return this.#left < 0;
  }

  get spent(): number {
    return MAX_STEPS - this.#left;
  }

  /** @returns whether there were as many left */
  spend(steps = 1): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }
}
