import type { AttemptOutcome } from '../core/delivery.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { EndpointId } from '../core/ids.ts';
import type { Milliseconds } from '../core/time.ts';

/** Time-outs and dead connections in a row after which a lane is suspect. */
const SUSPECT_AFTER = 2;

/** The deliveries of one endpoint as the deliverer sees them: their own concurrency and their own reputation. */
export class Lane {
  readonly endpointId: EndpointId;
  /** Unknown until it has been looked up; undefined again when a lookup found nothing. */
  endpoint: Endpoint | undefined;
  inFlight = 0;
  /** Something may be due now. */
  due = false;
  /** Grows with every lookup of the endpoint, so that only the last one counts. */
  lookups = 0;
  #hangs = 0;
  #timer: NodeJS.Timeout | undefined;
  #wakesAtMs = Number.POSITIVE_INFINITY;

  constructor(endpointId: EndpointId) {
    this.endpointId = endpointId;
  }

  /** One that hung lately: it gets one attempt at a time, and shares few slots with its like. */
  get suspect(): boolean {
    return this.#hangs >= SUSPECT_AFTER;
  }

  /** How many attempts it may start now. */
  get capacity(): number {
    if (this.endpoint?.status !== 'active') return 0;
    return Math.max(0, (this.suspect ? 1 : this.endpoint.maxConcurrency) - this.inFlight);
  }

  /** Sets the alarm, unless an earlier one stands. */
  wakeAfter(waitMs: Milliseconds, monotonicNowMs: Milliseconds, wake: () => void): void {
    const wakesAtMs = monotonicNowMs + waitMs;
    if (wakesAtMs >= this.#wakesAtMs) return;
    this.sleep();
    this.#wakesAtMs = wakesAtMs;
    this.#timer = setTimeout(() => {
      this.#wakesAtMs = Number.POSITIVE_INFINITY;
      wake();
    }, waitMs).unref();
  }

  /** Takes the alarm away. */
  sleep(): void {
    clearTimeout(this.#timer);
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
  }

  learn(outcome: AttemptOutcome): void {
    const hung = outcome.error === 'timeout' || outcome.error === 'connection_failed';
    if (hung) this.#hangs++;
    else if (outcome.error !== 'local') this.#hangs = 0;
  }
}
