import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';

const WINDOW_MS: Milliseconds = 60_000;
/** Beyond this, the oldest addresses are forgotten. */
const MAX_ADDRESSES = 10_000;

interface Window {
  readonly startedAt: Milliseconds;
  count: number;
}

/** Counts wrong credentials by client address (client-address.ts). */
export class WrongCredentials {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #windows = new Map<string, Window>();

  /** @param most wrong credentials in a minute from one address */
  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  /**
   * Counts one more.
   * @returns seconds to wait if there were too many, else null
   */
  record(address: string): number | null {
    const now = this.#clock.monotonicMs();
    const known = this.#windows.get(address);
    const window = known !== undefined && now - known.startedAt < WINDOW_MS ? known : { startedAt: now, count: 0 };
    if (window !== known) {
      this.#windows.delete(address);
      this.#windows.set(address, window);
      const oldest = this.#windows.keys().next().value;
      if (this.#windows.size > MAX_ADDRESSES && oldest !== undefined) this.#windows.delete(oldest);
    }
    window.count++;
    return window.count <= this.#most ? null : secondsLeft(window, now);
  }

  /** @returns seconds until the address may use right credentials again; null = now */
  mustWait(address: string): number | null {
    const now = this.#clock.monotonicMs();
    const window = this.#windows.get(address);
    if (window === undefined || window.count < this.#most || now - window.startedAt >= WINDOW_MS) return null;
    return secondsLeft(window, now);
  }
}

function secondsLeft(window: Window, now: Milliseconds): number {
  return Math.ceil((window.startedAt + WINDOW_MS - now) / 1_000);
}
