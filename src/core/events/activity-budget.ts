import { MAX_ACTIVITY_CHARACTERS_PER_SECOND, MAX_ACTIVITY_PER_SECOND } from '../limits.ts';
import type { Milliseconds } from '../time.ts';
import { type Activity, weightOf } from './activity.ts';

const WINDOW_MS: Milliseconds = 1_000;

/** Bounds an organization's published activities per second; the rest is dropped. */
export class ActivityBudget {
  #windowStart: Milliseconds = Number.NEGATIVE_INFINITY;
  #items = 0;
  #characters = 0;

  /** @param now monotonic time @returns whether the activity may be published */
  take(activity: Activity, now: Milliseconds): boolean {
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#items = 0;
      this.#characters = 0;
    }
    // The activity that exceeds the bound is still published.
    if (this.#items >= MAX_ACTIVITY_PER_SECOND || this.#characters >= MAX_ACTIVITY_CHARACTERS_PER_SECOND) return false;
    this.#items++;
    this.#characters += weightOf(activity);
    return true;
  }
}
