import { MAX_ACTIVITY_CHARACTERS_PER_SECOND, MAX_ACTIVITY_PER_SECOND } from '../limits.ts';
import type { Milliseconds } from '../time.ts';
import { type Activity, weightOf } from './activity.ts';

const WINDOW_MS: Milliseconds = 1_000;

/** How much of an organization's activity is told: so much in each second, and the rest of it is dropped. */
export class ActivityBudget {
  #windowStart: Milliseconds = Number.NEGATIVE_INFINITY;
  #items = 0;
  #characters = 0;

  /** @param now monotonic */
  take(activity: Activity, now: Milliseconds): boolean {
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#items = 0;
      this.#characters = 0;
    }
    // One that goes over it alone is told all the same.
    if (this.#items >= MAX_ACTIVITY_PER_SECOND || this.#characters >= MAX_ACTIVITY_CHARACTERS_PER_SECOND) return false;
    this.#items++;
    this.#characters += weightOf(activity);
    return true;
  }
}
