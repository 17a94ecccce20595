import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';

/** How often it looks whether there is work. */
const LOOK_PAUSE_MS: Milliseconds = 1_000;
/** Longer than any one call to a store takes. */
const STALLED_AFTER_MS: Milliseconds = 30_000;

/**
 * Tells whether a loop that has work moves on. Readiness asks it: a process that is up, has something to do and the room to
 * do it, and does nothing, must not call itself ready.
 */
export class ProgressWatch {
  readonly #clock: Clock;
  readonly #hasWork: () => boolean;
  readonly #stalledAfterMs: Milliseconds;
  #movedAtMs: Milliseconds;
  #timer: NodeJS.Timeout | undefined;

  /** @param parts.hasWork something waits that could be begun now; called once a second, so it must be cheap */
  constructor(parts: { clock: Clock; hasWork: () => boolean; stalledAfterMs?: Milliseconds }) {
    this.#clock = parts.clock;
    this.#hasWork = parts.hasWork;
    this.#stalledAfterMs = parts.stalledAfterMs ?? STALLED_AFTER_MS;
    this.#movedAtMs = parts.clock.monotonicMs();
  }

  start(): void {
    this.moved();
    this.#timer = setInterval(() => this.#look(), LOOK_PAUSE_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Something was done. */
  moved(): void {
    this.#movedAtMs = this.#clock.monotonicMs();
  }

  /** For how long there has been work and nothing was done; 0 = it moves, or there is nothing to do. */
  stalledMs(): Milliseconds {
    this.#look();
    if (this.#timer === undefined) return 0;
    const ms = this.#clock.monotonicMs() - this.#movedAtMs;
    return ms >= this.#stalledAfterMs ? ms : 0;
  }

  #look(): void {
    if (!this.#hasWork()) this.moved();
  }
}
