import type { Milliseconds } from '../../core/time.ts';

const FIRST_PAUSE_MS: Milliseconds = 50;
const LONGEST_PAUSE_MS: Milliseconds = 2_000;

/** Pauses between retries while a server is unavailable: doubled each time, with jitter, until `reset`. */
export class Backoff {
  #failures = 0;
  #stopping = false;
  readonly #pauses = new Set<() => void>();

  /** Whether the last try failed. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  reset(): void {
    this.#failures = 0;
  }

  /** Ends all pauses at once and makes further ones resolve immediately. */
  stop(): void {
    this.#stopping = true;
    for (const end of this.#pauses) end();
  }

  pause(): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    const ms =
      Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures++, 10)) * (0.75 + Math.random() / 2);
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#pauses.add(end);
    });
  }
}
