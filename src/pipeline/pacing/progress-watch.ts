import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';

/** Pause between checks for work. */
const CHECK_PAUSE_MS: Milliseconds = 1_000;
/** Longer than any single call to a store takes. */
const STALLED_AFTER_MS: Milliseconds = 30_000;

/** Detects a loop that has work and makes no progress. Readiness uses it: such a process must not report itself ready. */
export class ProgressWatch {
  readonly #clock: Clock;
  readonly #hasWork: () => boolean;
  readonly #stalledAfterMs: Milliseconds;
  #movedAtMs: Milliseconds;
  #timer: NodeJS.Timeout | undefined;

  /** @param parts.hasWork whether work could start now; called once a second, so it must be cheap */
  constructor(parts: { clock: Clock; hasWork: () => boolean; stalledAfterMs?: Milliseconds }) {
    this.#clock = parts.clock;
    this.#hasWork = parts.hasWork;
    this.#stalledAfterMs = parts.stalledAfterMs ?? STALLED_AFTER_MS;
    this.#movedAtMs = parts.clock.monotonicMs();
  }

  start(): void {
    this.moved();
    this.#timer = setInterval(() => this.#check(), CHECK_PAUSE_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Records progress. */
  moved(): void {
    this.#movedAtMs = this.#clock.monotonicMs();
  }

  /** How long there has been work without progress, in ms; 0 below the threshold. */
  stalledMs(): Milliseconds {
    this.#check();
    if (this.#timer === undefined) return 0;
    const ms = this.#clock.monotonicMs() - this.#movedAtMs;
    return ms >= this.#stalledAfterMs ? ms : 0;
  }

  #check(): void {
    if (!this.#hasWork()) this.moved();
  }
}
