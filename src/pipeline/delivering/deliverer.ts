import type { AttemptOutcome } from '../../core/delivery/delivery.ts';
import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { EndpointId } from '../../core/ids.ts';
import { addMs, type Milliseconds, type Timestamp } from '../../core/time.ts';
import type { Engine, Store } from '../../ports/engine.ts';
import type { LaneCounts } from '../../ports/observability/metrics.ts';
import type { ClaimedDelivery, ClaimedLane, DeliveryQueue } from '../../ports/record/delivery-queue.ts';
import type { Sender } from '../../ports/sender.ts';
import { isItemError } from '../../ports/unavailable.ts';
import { type EndpointDirectory, OperationalEvents } from '../accepting/index.ts';
import type { Context } from '../context.ts';
import { RetryLoop } from '../pacing/index.ts';
import { Attempts } from './attempts.ts';
import { BackgroundTasks } from './background-tasks.ts';
import { type ClaimHandler, ClaimLoop } from './claim-loop.ts';
import { ClaimOnAccept } from './claim-on-accept.ts';
import { EndpointHealth } from './endpoint-health.ts';
import {
  BatchCollector,
  countLanes,
  type Deliveries,
  Lane,
  LaneEndpoints,
  LaneFaults,
  type LaneStep,
  Slots,
} from './lanes/index.ts';

/** Concurrent attempts over all endpoints; fewer where the system allows fewer open files. */
const MAX_SLOTS = 4_000;
/** Long timers are set in slices: `setTimeout` is limited to 2^31 ms, and a clock that is set forward is noticed. */
const MAX_SLEEP_MS = 600_000;
/** Pause after a claim that the queue could not answer for one lane. */
const CLAIM_AGAIN_MS: Milliseconds = 1_000;

type DelivererPorts = Pick<Engine, 'queue' | 'intake' | 'activity'> & { readonly store: Pick<Store, 'endpoints'> };

export interface DelivererOptions {
  readonly userAgent: string;
  /** An endpoint whose every attempt has failed for this long is disabled. */
  readonly disableAfterMs: Milliseconds;
  /** The process's limit of open files; attempts use at most half of it. */
  readonly maxOpenFiles: number;
  /** Payload of claimed deliveries, in characters; the default suits a machine of ordinary size. */
  readonly maxCharacters?: number;
}

/**
 * Sends due deliveries. Each endpoint has a lane with its own concurrency; all lanes share a bounded number of slots.
 * `ClaimLoop` decides which lanes claim; `Attempts` sends and settles; this class connects them and owns the lanes.
 *
 * States of a lane:
 *   unknown ──endpoint read──► idle ──delivery due──► due ──capacity and slots──► claiming ──claimed──► idle or due
 *   due ──breaker open, or backoff after a fault──► due, offered again when the pause ends (`Lane.pauseMs`)
 *   any ──endpoint changed──► unknown; nothing starts until the endpoint has been read again
 *   any ──endpoint removed, nothing in flight──► forgotten
 *
 * States of a claimed delivery:
 *   claimed ──(batching endpoint: collected)──► in flight ──► settled: delivered, failed, or retrying at a time
 *   claimed ──no memory, endpoint not active, or stopping──► released: due again with the same attempt number
 */
export class Deliverer {
  readonly #context: Pick<Context, 'clock' | 'log' | 'bus'>;
  readonly #queue: DeliveryQueue;
  readonly #endpoints: LaneEndpoints;
  readonly #sender: Sender;
  readonly #attempts: Attempts;
  readonly #retryLoop: RetryLoop;
  readonly #lanes = new Map<EndpointId, Lane>();
  readonly #slots: Slots;
  readonly #claimLoop: ClaimLoop;
  readonly #claimOnAccept: ClaimOnAccept;
  readonly #faults: LaneFaults;
  readonly #unsubscribe: (() => void)[] = [];
  readonly #tasks = new BackgroundTasks();
  #stopping = false;

  constructor(
    context: Context,
    engine: DelivererPorts,
    sender: Sender,
    directory: EndpointDirectory,
    options: DelivererOptions,
  ) {
    this.#context = context;
    const retryLoop = new RetryLoop(context.log);
    this.#retryLoop = retryLoop;
    this.#queue = engine.queue;
    this.#sender = sender;
    this.#slots = new Slots(Math.min(MAX_SLOTS, Math.floor(options.maxOpenFiles / 2)), options.maxCharacters);
    this.#claimOnAccept = new ClaimOnAccept({
      lanes: this.#lanes,
      slots: this.#slots,
      clock: context.clock,
      start: (lane, delivery, durable) => {
        // The delivery is recorded as claimed, so it is held beyond the bound too; few are claimed like this at once.
        this.#slots.hold(lane, delivery);
        this.#start(lane, [delivery], durable);
      },
    });
    this.#claimLoop = new ClaimLoop(context, engine.queue, this.#slots, retryLoop, this.#claimHandler());
    const { endpoints } = engine.store;
    const operational = new OperationalEvents(context, engine.intake, directory, retryLoop);
    const health = new EndpointHealth(context, endpoints, operational, retryLoop, options.disableAfterMs);
    this.#attempts = new Attempts(context, engine, sender, { health, operational, retryLoop }, options.userAgent);
    this.#endpoints = new LaneEndpoints(context, endpoints, directory, sender, retryLoop);
    this.#faults = new LaneFaults(context, endpoints);
  }

  /** Resolves when the lanes with waiting deliveries are known; sending continues from then on. */
  async start(): Promise<void> {
    this.#claimLoop.start();
    this.#unsubscribe.push(
      this.#queue.claimOnAccept(this.#claimOnAccept),
      this.#queue.onDue((endpointIds) => {
        for (const id of endpointIds) this.#onDue(id);
      }),
      this.#context.bus.subscribe((message) => {
        if (message.kind === 'endpoints_changed') this.#lookUp(this.#lane(message.endpointId));
      }),
      this.#context.bus.onMissed(() => {
        for (const lane of this.#lanes.values()) this.#lookUp(lane);
      }),
    );
    for (const { endpointId, nextDueAt } of await this.#queue.waitingLanes())
      this.#wakeAt(this.#lane(endpointId), nextDueAt);
  }

  /** Claims no more and waits up to `graceMs` for attempts in flight; unfinished deliveries are released. */
  async stop(graceMs: Milliseconds): Promise<void> {
    this.#stopping = true;
    this.#claimLoop.stop();
    this.#tasks.stop();
    this.#retryLoop.stop();
    this.#endpoints.stop();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#claimOnAccept.stop();
    for (const lane of this.#lanes.values()) {
      lane.sleep();
      lane.collector?.flush();
    }
    await this.#sender.close(graceMs);
    // A claim that ends now adds tasks that release its deliveries.
    await this.#claimLoop.settled();
    await this.#tasks.settled();
  }

  /** How long deliveries have been due, with slots free, without one being claimed, in ms; 0 = not stalled. */
  stalledMs(): Milliseconds {
    return this.#claimLoop.stalledMs();
  }

  lanes(): LaneCounts {
    return countLanes(this.#lanes.values(), this.#context.clock.monotonicMs());
  }

  /**
   * A delivery may be queued after its endpoint was removed or disabled, where fan-out used an older list of endpoints.
   * The endpoint is then read again, which ends the delivery.
   */
  #onDue(endpointId: EndpointId): void {
    const known = this.#lanes.get(endpointId);
    const lane = known ?? this.#lane(endpointId);
    if (known !== undefined && isEnded(lane.endpoint)) this.#lookUp(lane);
    else this.#markDue(lane);
  }

  #lane(endpointId: EndpointId): Lane {
    const known = this.#lanes.get(endpointId);
    if (known !== undefined) return known;
    const lane = new Lane(endpointId);
    this.#lanes.set(endpointId, lane);
    this.#lookUp(lane);
    return lane;
  }

  /** Reads the endpoint again, then marks its lane due. */
  #lookUp(lane: Lane): void {
    this.#runFor(lane, 'looking up the endpoint', async () => {
      const found = await this.#endpoints.read(lane);
      if (found === 'found') this.#markDue(lane);
      else if (found === 'gone' && lane.inFlight === 0) this.#lanes.delete(lane.endpointId);
    });
  }

  #markDue(lane: Lane): void {
    lane.due = true;
    lane.leftWaiting = false;
    this.#offer(lane);
  }

  #offer(lane: Lane): void {
    const now = this.#context.clock.monotonicMs();
    if (!lane.due) return;
    const pauseMs = lane.pauseMs(now);
    if (pauseMs > 0) lane.wakeAfter(pauseMs, now, () => this.#markDue(lane));
    else if (lane.lookupFailed) this.#lookUp(lane);
    // A lane that is claiming is offered again when the queue has answered.
    if (lane.claiming || lane.capacity(now) === 0) return;
    this.#claimLoop.add(lane);
  }

  /** Marks the lane due at a time. Sleeps in slices: marking it too early costs one index probe. */
  #wakeAt(lane: Lane, at: Timestamp): void {
    const waitMs = Math.min(at - this.#context.clock.now(), MAX_SLEEP_MS);
    if (waitMs <= 0) this.#markDue(lane);
    else lane.wakeAfter(waitMs, this.#context.clock.monotonicMs(), () => this.#markDue(lane));
  }

  #claimHandler(): ClaimHandler {
    return {
      lane: (endpointId) => this.#lane(endpointId),
      onClaimed: (claimed) => this.#startClaimedSafely(claimed),
      onClaimFailed: (lane, error) => this.#claimFailed(lane, error),
      offer: (lane) => this.#offer(lane),
    };
  }

  #claimFailed(lane: Lane, error: unknown): void {
    lane.claiming = false;
    if (isItemError(error)) this.#backOff(lane, 'claiming deliveries', error);
    else this.#wakeAt(lane, addMs(this.#context.clock.now(), CLAIM_AGAIN_MS));
  }

  #startClaimedSafely(claimed: ClaimedLane): void {
    try {
      this.#startClaimed(claimed);
    } catch (error) {
      this.#backOff(this.#lane(claimed.endpointId), 'delivering', error);
    }
  }

  #startClaimed(claimed: ClaimedLane): void {
    const lane = this.#lane(claimed.endpointId);
    lane.claiming = false;
    const { batch = null } = lane.endpoint?.options ?? {};
    const excess: ClaimedDelivery[] = [];
    for (const delivery of claimed.deliveries) {
      if (!this.#slots.hold(lane, delivery)) excess.push(delivery);
      else if (batch === null) this.#start(lane, [delivery]);
      else this.#collectorOf(lane).add(delivery, batch);
    }
    if (excess.length > 0)
      this.#runFor(lane, 'delivering', () => this.#attempts.releaseAll(excess, this.#context.clock.now()));
    // Deliveries that wait for a batch to fill must not hold memory that others need.
    if (lane.endpoint !== undefined && !this.#slots.isHalfFree(lane.endpoint.organizationId)) lane.collector?.flush();
    if (claimed.nextDueAt === null || claimed.nextDueAt > this.#context.clock.now()) lane.collector?.flushRetries();
    if (claimed.nextDueAt !== null) this.#wakeAt(lane, claimed.nextDueAt);
    this.#offer(lane);
  }

  #collectorOf(lane: Lane): BatchCollector {
    lane.collector ??= new BatchCollector((deliveries) => this.#start(lane, deliveries));
    return lane.collector;
  }

  #start(lane: Lane, deliveries: Deliveries, durable?: Promise<void>): void {
    this.#runFor(lane, 'delivering', () => this.#deliver(lane, deliveries, durable));
  }

  /** @param durable resolves when the claim is on disk; absent for deliveries that `DeliveryQueue.claim` returned */
  async #deliver(lane: Lane, deliveries: Deliveries, durable?: Promise<void>): Promise<void> {
    const endUse = this.#slots.use(lane);
    lane.inFlight++;
    try {
      if (durable !== undefined) await durable;
      await this.#attempt(lane, deliveries);
      lane.resetFaults();
    } finally {
      lane.inFlight--;
      endUse();
      for (const delivery of deliveries) this.#slots.release(delivery);
      this.#offer(lane);
      this.#claimLoop.onSlotsFreed();
    }
  }

  async #attempt(lane: Lane, deliveries: Deliveries): Promise<void> {
    const { endpoint } = lane;
    const onOutcome = (outcome: AttemptOutcome) => lane.recordOutcome(outcome, this.#context.clock.monotonicMs());
    let nextAttemptAt: Timestamp | null;
    if (this.#stopping || endpoint?.status !== 'active') {
      // The endpoint was removed, paused or disabled since the claim, or the process is stopping.
      const now = this.#context.clock.now();
      await this.#attempts.releaseAll(deliveries, now);
      nextAttemptAt = now;
    } else if (endpoint.options.batch === null && deliveries.length === 1) {
      nextAttemptAt = await this.#attempts.make(deliveries[0], endpoint, onOutcome);
    } else {
      nextAttemptAt = await this.#attempts.makeBatch(deliveries, endpoint, onOutcome);
    }
    if (nextAttemptAt !== null && !this.#stopping) this.#wakeAt(lane, nextAttemptAt);
  }

  /** Runs work for one lane; an error backs off that lane only. */
  #runFor(lane: Lane, step: LaneStep, work: () => Promise<void>): void {
    this.#tasks.run(work(), (error) => this.#backOff(lane, step, error));
  }

  #backOff(lane: Lane, step: LaneStep, error: unknown): void {
    this.#faults.record(lane, step, error);
    this.#markDue(lane);
  }
}

function isEnded(endpoint: Endpoint | undefined): boolean {
  return endpoint === undefined || endpoint.status === 'disabled';
}
