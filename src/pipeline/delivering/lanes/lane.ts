import type { AttemptOutcome } from '../../../core/delivery/delivery.ts';
import type { Endpoint } from '../../../core/delivery/endpoint.ts';
import type { EndpointId } from '../../../core/ids.ts';
import { BREAKER_FAILURES } from '../../../core/limits.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { BatchCollector } from './batch-collector.ts';

/** Time-outs and dead connections in a row after which a lane is suspect; one is enough where it never answered. */
const DEGRADED_AFTER = 2;

/** The first rest, doubled each time that the attempt after it fails, up to the longest. */
const FIRST_OPEN_MS: Milliseconds = 1_000;
const LONGEST_OPEN_MS: Milliseconds = 30_000;
/** After unexpected errors of our own: they seldom pass by themselves. */
const LONGEST_BACKOFF_MS: Milliseconds = 60_000;

/** The deliveries of one endpoint as the deliverer sees them: their own concurrency and their own reputation. */
export class Lane {
  readonly endpointId: EndpointId;
  /** Unknown until it has been looked up; undefined again when a lookup found nothing. */
  endpoint: Endpoint | undefined;
  inFlight = 0;
  /** Where the endpoint wants several events in one request. */
  collector: BatchCollector | undefined;
  /** Something may be due now. */
  due = false;
  /** Asked for at the queue, which has not answered yet. */
  claiming = false;
  /** New deliveries were left waiting, of which the queue has not told yet. */
  leftWaiting = false;
  /** Grows with every lookup of the endpoint, so that only the last one counts. */
  lookups = 0;
  /** The endpoint was changed and is being read: what it was must not sign, or be reached, any more. */
  changing = false;
  /** The last lookup failed: it is looked up again when it may go on. */
  lookupFailed = false;
  /** What one of its deliveries takes in memory, by those that came lately: before they are claimed nobody knows. */
  typicalCharacters = 0;
  /** It has answered something since it was looked up. */
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

  /** One that hung lately: it gets one attempt at a time, and shares few slots with its like. */
  get degraded(): boolean {
    return this.#timeoutsInRow >= (this.proven ? DEGRADED_AFTER : 1);
  }

  /** What is taken beside the queue would overtake it. */
  get mayHaveWaiting(): boolean {
    return this.due || this.claiming || this.leftWaiting;
  }

  /** How many attempts it may start now. After a rest it is one, until one succeeds. */
  capacity(monotonicNowMs: Milliseconds): number {
    if (this.changing || this.endpoint?.status !== 'active' || this.pauseMs(monotonicNowMs) > 0) return 0;
    const careful = this.degraded || this.#failuresInRow >= BREAKER_FAILURES;
    return Math.max(0, (careful ? 1 : this.endpoint.maxConcurrency) - this.inFlight);
  }

  /** How much longer it rests: its breaker is open, or it is put aside. What waits loses no attempts by it. */
  pauseMs(monotonicNowMs: Milliseconds): Milliseconds {
    return Math.max(0, this.#openUntilMs - monotonicNowMs, this.#backoffUntilMs - monotonicNowMs);
  }

  /** An unexpected error of our own: nothing of it is tried for a while, longer each time in a row. @returns for how long */
  backOff(monotonicNowMs: Milliseconds): Milliseconds {
    const restMs = Math.min(FIRST_OPEN_MS * 2 ** Math.min(this.#faults++, 10), LONGEST_BACKOFF_MS);
    this.#backoffUntilMs = monotonicNowMs + restMs;
    return restMs;
  }

  /** An attempt came to its end on record. */
  resetFaults(): void {
    this.#faults = 0;
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

  /** Somebody has changed the endpoint: what it was like before says nothing. */
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
    // Of many that fail together one opens the breaker.
    if (this.#failuresInRow >= BREAKER_FAILURES && this.pauseMs(monotonicNowMs) === 0) {
      this.#openUntilMs = monotonicNowMs + Math.min(FIRST_OPEN_MS * 2 ** this.#timesOpened, LONGEST_OPEN_MS);
      this.#timesOpened++;
    }
    const hung = outcome.error === 'timeout' || outcome.error === 'connection_failed';
    if (hung) this.#timeoutsInRow++;
    else this.#timeoutsInRow = 0;
  }
}
