import { Batcher } from '../../core/batcher.ts';
import type { AttemptOutcome } from '../../core/delivery/delivery.ts';
import type { Endpoint } from '../../core/delivery/endpoint.ts';
import { type Decision, decideAfterAttempt } from '../../core/delivery/retry.ts';
import { isOperational } from '../../core/events/operational-event.ts';
import { addMs, type Timestamp, toIso } from '../../core/time.ts';
import type { ActivityFeed } from '../../ports/coordination/activity.ts';
import type { Engine } from '../../ports/engine.ts';
import type { ClaimedDelivery, DeliveryQueue, Settlement, SettleOutcome } from '../../ports/record/delivery-queue.ts';
import type { OutgoingRequest, Sender } from '../../ports/sender.ts';
import { isItemError } from '../../ports/unavailable.ts';
import type { OperationalEvents } from '../accepting/index.ts';
import type { Context } from '../context.ts';
import type { RetryLoop } from '../pacing/index.ts';
import type { EndpointHealth } from './endpoint-health.ts';
import { batchId, batchRequest, type DeliveryBatch, webhookRequest } from './webhook-request.ts';

const MAX_SETTLE = 500;

/** The time of the next attempt; null when the delivery is final, or leased by another process. */
type NextAttemptAt = Timestamp | null;

type Final = Exclude<Decision, { kind: 'release' }>;

const INTERNAL_ERROR: AttemptOutcome = {
  statusCode: null,
  error: 'internal',
  errorDetail: 'unexpected error of the service: nothing was sent',
  durationMs: 0,
  responseExcerpt: null,
  retryAfterMs: null,
};

/** A finished request, with the outcome for each delivery in it. */
interface Ended {
  readonly outcome: AttemptOutcome;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
  /** In [0, 1): the jitter of the next retry delay. */
  readonly random: number;
}

/** Consequences of an attempt beyond its delivery. */
interface AfterAttempt {
  readonly health: EndpointHealth;
  readonly operational: OperationalEvents;
  readonly retryLoop: RetryLoop;
}

/**
 * Makes attempts: builds and signs the request, sends it, decides, and settles.
 *
 * Steps of a delivery in an attempt:
 *   build and send ──outcome──► decide
 *   decide ──fault of this machine──► released; the attempt number is free again
 *   decide ──any other outcome──► settle
 *   settle ──lease held──► delivered, failed, or retrying at a time ──► metrics, live stream, endpoint health, events
 *   settle ──lease lost──► stale; nothing changes
 */
export class Attempts {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics' | 'tracer'>;
  readonly #queue: DeliveryQueue;
  readonly #health: EndpointHealth;
  readonly #operational: OperationalEvents;
  readonly #activity: ActivityFeed;
  readonly #sender: Sender;
  readonly #userAgent: string;
  readonly #retryLoop: RetryLoop;
  readonly #settle: Batcher<Settlement, SettleOutcome>;

  constructor(
    context: Pick<Context, 'clock' | 'log' | 'metrics' | 'tracer'>,
    engine: Pick<Engine, 'queue' | 'activity'>,
    sender: Sender,
    after: AfterAttempt,
    userAgent: string,
  ) {
    this.#context = context;
    this.#queue = engine.queue;
    this.#activity = engine.activity;
    this.#sender = sender;
    this.#health = after.health;
    this.#operational = after.operational;
    this.#retryLoop = after.retryLoop;
    this.#userAgent = userAgent;
    this.#settle = new Batcher((settlements) => this.#queue.settle(settlements), { maxItems: MAX_SETTLE, isItemError });
  }

  /** @param onOutcome called with the outcome before it is recorded */
  make(
    delivery: ClaimedDelivery,
    endpoint: Endpoint,
    onOutcome: (outcome: AttemptOutcome) => void,
  ): Promise<NextAttemptAt> {
    const build = (at: Timestamp) => webhookRequest({ delivery, endpoint, at, userAgent: this.#userAgent });
    return this.#send([delivery], endpoint, { build, onOutcome });
  }

  /** Sends all deliveries in one request, with one outcome. */
  makeBatch(
    deliveries: DeliveryBatch['deliveries'],
    endpoint: Endpoint,
    onOutcome: (outcome: AttemptOutcome) => void,
  ): Promise<NextAttemptAt> {
    const batch = { deliveries, id: batchId(deliveries) };
    const build = (at: Timestamp) => batchRequest({ batch, endpoint, at, userAgent: this.#userAgent });
    return this.#send(deliveries, endpoint, { build, onOutcome });
  }

  async #send(
    deliveries: readonly ClaimedDelivery[],
    endpoint: Endpoint,
    { build, onOutcome }: { build: (at: Timestamp) => OutgoingRequest; onOutcome: (outcome: AttemptOutcome) => void },
  ): Promise<NextAttemptAt> {
    const at = this.#context.clock.now();
    const { outcome, traceparent } = await this.#request(endpoint, () => build(at));
    onOutcome(outcome);
    this.#context.tracer.attempted(deliveries, outcome, { at, traceparent });
    // One time and one jitter for the whole batch, so that its deliveries are retried together.
    const ended = { outcome, startedAt: at, endedAt: this.#context.clock.now(), random: Math.random() };
    const ends = deliveries.map((delivery) => this.#end(delivery, endpoint, ended));
    return earliest(await Promise.all(ends));
  }

  /**
   * An unexpected error while building the request (a key that cannot sign) counts as a failed attempt: it is retried
   * by the schedule and shown to the owner.
   */
  async #request(
    endpoint: Endpoint,
    build: () => OutgoingRequest,
  ): Promise<{ readonly outcome: AttemptOutcome; readonly traceparent: string }> {
    try {
      const request = build();
      return { outcome: await this.#sender.send(request), traceparent: request.headers['traceparent'] ?? '' };
    } catch (error) {
      this.#context.metrics.fault('attempt');
      this.#context.log.error(
        'Unexpected error in an attempt, which counts as failed',
        { endpoint_id: endpoint.id },
        error,
      );
      return { outcome: INTERNAL_ERROR, traceparent: '' };
    }
  }

  async #end(
    delivery: ClaimedDelivery,
    endpoint: Endpoint,
    { outcome, startedAt, endedAt, random }: Ended,
  ): Promise<NextAttemptAt> {
    const decision = decideAfterAttempt({
      outcome,
      failures: delivery.failures + (outcome.error === null || outcome.error === 'interrupted' ? 0 : 1),
      policy: endpoint.retryPolicy,
      now: endedAt,
      deadline: deadlineOf(delivery, endpoint),
      random,
    });
    if (decision.kind === 'release') {
      await this.releaseAll([delivery], decision.at);
      return decision.at;
    }
    this.#logAttempt(delivery, outcome);
    return this.#record(delivery, endpoint, { outcome, decision, startedAt });
  }

  /** Releases deliveries for which no attempt was made. */
  async releaseAll(deliveries: readonly ClaimedDelivery[], dueAt: Timestamp): Promise<void> {
    const released = deliveries.map(({ id, attemptNumber }) => ({ deliveryId: id, attemptNumber, dueAt }));
    await this.#retryLoop.run(() => this.#queue.release(released));
  }

  async #record(
    delivery: ClaimedDelivery,
    endpoint: Endpoint,
    made: { outcome: AttemptOutcome; decision: Final; startedAt: Timestamp },
  ): Promise<NextAttemptAt> {
    const { outcome, decision, startedAt } = made;
    const { attemptNumber } = delivery;
    const settlement: Settlement = {
      deliveryId: delivery.id,
      attemptNumber,
      attempt: {
        number: attemptNumber,
        startedAt,
        durationMs: outcome.durationMs,
        statusCode: outcome.statusCode,
        error: outcome.error,
        errorDetail: outcome.errorDetail,
        responseExcerpt: outcome.responseExcerpt,
      },
      next: nextStatus(decision, endpoint),
    };
    const settled = await this.#retryLoop.run(() => this.#settle.add(settlement));
    if (settled === 'stale') {
      const late = () => `Attempt ${attemptNumber} of delivery ${delivery.id} was not recorded: its lease was lost`;
      this.#context.log.sampled('attempt.stale', 'warn', late);
      return null;
    }
    this.#context.metrics.attempt(outcome.error ?? 'delivered', outcome.durationMs);
    this.#context.metrics.delivery(settlement.next.status);
    this.#publish(delivery, settlement);
    await this.#afterRecord(delivery, endpoint, { outcome, decision });
    return decision.kind === 'retry' ? decision.at : null;
  }

  /**
   * Applies the outcome to the endpoint. The attempt is already recorded, so an error here affects neither the delivery
   * nor its lane.
   */
  async #afterRecord(
    delivery: ClaimedDelivery,
    endpoint: Endpoint,
    { outcome, decision }: { outcome: AttemptOutcome; decision: Final },
  ): Promise<void> {
    try {
      if (decision.kind === 'gone') await this.#health.disable(endpoint, 'gone');
      else if (outcome.error !== 'interrupted') await this.#health.record(endpoint, outcome.error === null);
      const failed = decision.kind === 'failed' || decision.kind === 'gone';
      if (failed && !isOperational(delivery.event)) await this.#publishFailed(delivery, outcome);
    } catch (error) {
      this.#context.metrics.fault('operational_event');
      this.#context.log.error('Unexpected error after an attempt', { endpoint_id: endpoint.id }, error);
    }
  }

  #publish({ id, organizationId, endpointId, event }: ClaimedDelivery, { attempt, next }: Settlement): void {
    const delivery = {
      id,
      organizationId,
      endpointId,
      eventId: event.id,
      eventType: event.type,
      status: next.status,
      attempts: attempt.number,
      nextAttemptAt: next.status === 'retrying' ? next.dueAt : null,
      lastStatusCode: attempt.statusCode,
      lastError: attempt.error,
      at: this.#context.clock.now(),
    };
    this.#activity.publish([{ kind: 'delivery', delivery }]);
  }

  /**
   * Publishes `delivery.failed` to endpoints that subscribe to it. The caller excludes operational events, which would
   * otherwise cause further ones.
   */
  #publishFailed({ id, attemptNumber, endpointId, event }: ClaimedDelivery, outcome: AttemptOutcome): Promise<void> {
    return this.#operational.publish(event.organizationId, 'delivery.failed', `${id}:${attemptNumber}`, {
      delivery_id: id,
      event_id: event.id,
      event_type: event.type,
      endpoint_id: endpointId,
      attempts: attemptNumber,
      last_status_code: outcome.statusCode,
      last_error: outcome.error,
      last_error_detail: outcome.errorDetail,
      failed_at: toIso(this.#context.clock.now()),
    });
  }

  /** Writes one log line per attempt, with its ids. */
  #logAttempt({ attemptNumber, event, id, endpointId }: ClaimedDelivery, outcome: AttemptOutcome): void {
    const level = outcome.error === null ? 'info' : 'warn';
    this.#context.log.sampled(`attempt.${level}`, level, () => {
      const detail = outcome.errorDetail === null ? '' : `: ${outcome.errorDetail}`;
      const result = outcome.error === null ? 'delivered' : `failed (${outcome.error}${detail})`;
      const ids = `event=${event.id} delivery=${id} endpoint=${endpointId}`;
      const figures = `status=${outcome.statusCode ?? '-'} duration=${outcome.durationMs.toFixed(2)}ms`;
      return `Attempt ${attemptNumber} ${result} ${ids} ${figures}`;
    });
  }
}

function earliest(times: readonly NextAttemptAt[]): NextAttemptAt {
  return times.reduce((first, at) => (first === null || (at !== null && at < first) ? at : first), null);
}

function deadlineOf({ event }: ClaimedDelivery, { options }: Endpoint): Timestamp | null {
  return options.retryDeadlineMs === null ? null : addMs(event.deliverAt ?? event.createdAt, options.retryDeadlineMs);
}

function nextStatus(decision: Final, { options }: Endpoint): Settlement['next'] {
  switch (decision.kind) {
    case 'delivered':
      return { status: 'delivered' };
    case 'retry':
      return { status: 'retrying', dueAt: decision.at };
    case 'failed':
    case 'gone':
      return { status: 'failed', blocksOrder: options.onFailed === 'block' };
  }
}
