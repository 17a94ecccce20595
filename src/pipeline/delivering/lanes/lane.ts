import type { AttemptOutcome } from '../../../core/delivery/delivery.ts';
import type { Endpoint } from '../../../core/delivery/endpoint.ts';
import type { EndpointId } from '../../../core/ids.ts';
import { BREAKER_FAILURES } from '../../../core/limits.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { BatchCollector } from './batch-collector.ts';

/**
 * Consecutive timeouts and dead connections after which a lane is degraded; one is enough for an endpoint that never
 * answered.
 */
const DEGRADED_AFTER = 2;

/** The circuit breaker's first open period; it doubles each time the probe after it fails, up to the longest. */
const FIRST_OPEN_MS: Milliseconds = 1_000;
const LONGEST_OPEN_MS: Milliseconds = 30_000;
/** Longest backoff after unexpected errors of this service, which seldom pass by themselves. */
const LONGEST_BACKOFF_MS: Milliseconds = 60_000;

/**
 * The deliveries of one endpoint as the deliverer sees them, with the endpoint's own concurrency.
 *
 * Circuit breaker:
 *   closed ──BREAKER_FAILURES failures in a row──► open for 1 s, doubled each time, 30 s at most
 *   open ──period over──► half-open: one attempt at a time
 *   half-open ──success──► closed;  half-open ──failure──► open
 * Degraded, independent of the breaker: timeouts in a row limit the lane to one attempt at a time until another
 * outcome.
 * Backoff, independent of both: an unexpected error of this service pauses the lane for 1 s, doubled each time, 60 s at
 * most.
 * While a lane is paused its waiting deliveries lose no attempts.
 */
export class Lane {
  readonly endpointId: EndpointId;
  /** Undefined until the first lookup, and after a lookup that found nothing. */
  endpoint: Endpoint | undefined;
  inFlight = 0;
  /** Set for a batching endpoint. */
  collector: BatchCollector | undefined;
  /** A delivery may be due now. */
  due = false;
  /** A claim for this lane is in progress. */
  claiming = false;
  /** New deliveries were accepted without a claim, and the queue has not announced them yet. */
  leftWaiting = false;
  /** Number of lookups; only the result of the latest one counts. */
  lookups = 0;
  /** The endpoint changed and is being read again; its old URL and secrets must not be used. */
  changing = false;
  /** The last lookup failed; it is repeated when the lane may continue. */
  lookupFailed = false;
  /** Typical size of a delivery in memory, from recent ones; sizes are unknown before a claim. */
  typicalCharacters = 0;
  /** The endpoint has answered at least once since the last lookup. */
  proven = false;
  #timeoutsInRow = 0;
  #failuresInRow = 0;
  #timesOpened = 0;
  #faults = 0;
  #openUntilMs = Number.NEGATIVE_INFINITY;
  #backoffUntilMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #wakesAtMs = Number.POSITIVE_INFINITY;

  constructor(endpointId: EndpointId) {
    this.endpointId = endpointId;
  }

  /** The endpoint timed out recently: one attempt at a time, within a share of slots for all degraded lanes. */
  get degraded(): boolean {
    return this.#timeoutsInRow >= (this.proven ? DEGRADED_AFTER : 1);
  }

  /** A delivery claimed outside the queue would overtake waiting ones. */
  get mayHaveWaiting(): boolean {
    return this.due || this.claiming || this.leftWaiting;
  }

  /** How many attempts the lane may start now; one while half-open or degraded. */
  capacity(monotonicNowMs: Milliseconds): number {
    if (this.changing || this.endpoint?.status !== 'active' || this.pauseMs(monotonicNowMs) > 0) return 0;
    const oneAtATime = this.degraded || this.#failuresInRow >= BREAKER_FAILURES;
    return Math.max(0, (oneAtATime ? 1 : this.endpoint.maxConcurrency) - this.inFlight);
  }

  /** Remaining pause: the breaker is open, or the lane backs off. */
  pauseMs(monotonicNowMs: Milliseconds): Milliseconds {
    return Math.max(0, this.#openUntilMs - monotonicNowMs, this.#backoffUntilMs - monotonicNowMs);
  }

  /** Pauses the lane after an unexpected error of this service, longer each time in a row. @returns the pause */
  backOff(monotonicNowMs: Milliseconds): Milliseconds {
    const pauseMs = Math.min(FIRST_OPEN_MS * 2 ** Math.min(this.#faults++, 10), LONGEST_BACKOFF_MS);
    this.#backoffUntilMs = monotonicNowMs + pauseMs;
    return pauseMs;
  }

  /** An attempt was recorded without an unexpected error. */
  resetFaults(): void {
    this.#faults = 0;
  }

  /** Sets a timer, unless an earlier one is set. */
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

  /** Clears the timer. */
  sleep(): void {
    clearTimeout(this.#timer);
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
  }

  /** The endpoint was changed: its history no longer counts. */
  reset(): void {
    this.#faults = 0;
    this.#backoffUntilMs = Number.NEGATIVE_INFINITY;
    this.#closeBreaker();
  }

  #closeBreaker(): void {
    this.#timeoutsInRow = 0;
    this.#failuresInRow = 0;
    this.#timesOpened = 0;
    this.#openUntilMs = Number.NEGATIVE_INFINITY;
    this.proven = false;
  }

  recordOutcome(outcome: AttemptOutcome, monotonicNowMs: Milliseconds): void {
    if (outcome.error === 'local' || outcome.error === 'interrupted') return;
    const answered = this.proven || outcome.statusCode !== null;
    if (outcome.error === null) this.#closeBreaker();
    this.proven = answered;
    if (outcome.error === null) return;
    this.#failuresInRow++;
    // Of several attempts that fail together, only one opens the breaker.
    if (this.#failuresInRow >= BREAKER_FAILURES && this.pauseMs(monotonicNowMs) === 0) {
      this.#openUntilMs = monotonicNowMs + Math.min(FIRST_OPEN_MS * 2 ** this.#timesOpened, LONGEST_OPEN_MS);
      this.#timesOpened++;
    }
    const timedOut = outcome.error === 'timeout' || outcome.error === 'connection_failed';
    if (timedOut) this.#timeoutsInRow++;
    else this.#timeoutsInRow = 0;
  }
}
