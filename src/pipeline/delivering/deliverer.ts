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
import { ProgressWatch, RetryLoop } from '../pacing/index.ts';
import { Attempts } from './attempts.ts';
import { claimInHalves } from './claim-in-halves.ts';
import { ClaimOnAccept } from './claim-on-accept.ts';
import { EndpointHealth } from './endpoint-health.ts';
import { BatchCollector, Lane, LaneEndpoints, LaneFaults, type LaneStep, ReadyLanes, Slots } from './lanes/index.ts';

/** Attempts under way at once; fewer where the system allows fewer open files. */
const MAX_SLOTS = 4_000;
/** Timers are set in slices: none beyond 2^31 ms, and a clock that was set forward is noticed. */
const MAX_SLEEP_MS = 600_000;
/** Takings under way at once, of different lanes: what becomes due while the record answers one need not wait for it. */
const MAX_CLAIMS = 4;
/** After a claim that the queue could not answer. */
const CLAIM_AGAIN_MS: Milliseconds = 1_000;

type Deliveries = readonly [ClaimedDelivery, ...ClaimedDelivery[]];

type DelivererPorts = Pick<Engine, 'queue' | 'intake' | 'activity'> & { readonly store: Pick<Store, 'endpoints'> };

export interface DelivererOptions {
  readonly userAgent: string;
  /** An endpoint whose every attempt failed for so long is disabled. */
  readonly disableAfterMs: Milliseconds;
  /** The system's bound; half of it is left to others. */
  readonly maxOpenFiles: number;
  /** Payload of what is claimed, in characters; the default is what a machine of ordinary size has to spare. */
  readonly maxCharacters?: number;
}

/** The station that sends: a lane an endpoint, each with its own concurrency, over a bounded number of slots. */
export class Deliverer {
  readonly #context: Pick<Context, 'clock' | 'log' | 'bus'>;
  readonly #queue: DeliveryQueue;
  readonly #endpoints: LaneEndpoints;
  readonly #sender: Sender;
  readonly #attempts: Attempts;
  readonly #retryLoop: RetryLoop;
  readonly #lanes = new Map<EndpointId, Lane>();
  readonly #ready = new ReadyLanes();
  readonly #slots: Slots;
  readonly #claimOnAccept: ClaimOnAccept;
  readonly #faults: LaneFaults;
  readonly #progress: ProgressWatch;
  readonly #unsubscribe: (() => void)[] = [];
  readonly #work = new Set<Promise<unknown>>();
  #claims = 0;
  #pumpPlanned = false;
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
        // Beyond the bound too: it is written as claimed, and few are claimed like this at once.
        this.#slots.hold(lane, delivery);
        this.#start(lane, [delivery], durable);
      },
    });
    this.#progress = new ProgressWatch({
      clock: context.clock,
      hasWork: () => this.#claims > 0 || this.#slots.hasDemand(this.#ready, context.clock.monotonicMs()),
    });
    const { endpoints } = engine.store;
    const operational = new OperationalEvents(context, engine.intake, directory, retryLoop);
    const health = new EndpointHealth(context, endpoints, operational, retryLoop, options.disableAfterMs);
    this.#attempts = new Attempts(context, engine, sender, { health, operational, retryLoop }, options.userAgent);
    this.#endpoints = new LaneEndpoints(context, endpoints, directory, sender, retryLoop);
    this.#faults = new LaneFaults(context, endpoints);
  }

  /** Resolves when the lanes with waiting deliveries are known; sending goes on from then. */
  async start(): Promise<void> {
    this.#progress.start();
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

  /** Takes no more, waits for what is under way up to `graceMs`; what is not done by then is given back. */
  async stop(graceMs: Milliseconds): Promise<void> {
    this.#stopping = true;
    this.#progress.stop();
    this.#retryLoop.stop();
    this.#endpoints.stop();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#claimOnAccept.stop();
    for (const lane of this.#lanes.values()) {
      lane.sleep();
      lane.collector?.flush();
    }
    await this.#sender.close(graceMs);
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }

  /** For how long deliveries have been due, with room to send them, and none was claimed; 0 = it moves. */
  stalledMs(): Milliseconds {
    return this.#progress.stalledMs();
  }

  /** Of all lanes as they are now: for whoever looks, not for often. */
  lanes(): LaneCounts {
    const now = this.#context.clock.monotonicMs();
    const lanes = [...this.#lanes.values()];
    const count = (is: (lane: Lane) => boolean) => lanes.filter(is).length;
    return {
      sending: count(({ inFlight }) => inFlight > 0),
      waiting: count(({ due }) => due),
      resting: count((lane) => lane.pauseMs(now) > 0),
      suspect: count(({ degraded }) => degraded),
    };
  }

  /** An event whose fan-out was older than the end of its endpoint comes after what waited there was ended: ended too. */
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

  /** Reads the endpoint anew, then looks whether something is due for it. */
  #lookUp(lane: Lane): void {
    this.#runFor(lane, 'looking up the endpoint', async () => {
      const found = await this.#endpoints.read(lane);
      if (found === 'there') this.#markDue(lane);
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
    const restMs = lane.pauseMs(now);
    if (restMs > 0) lane.wakeAfter(restMs, now, () => this.#markDue(lane));
    else if (lane.lookupFailed) this.#lookUp(lane);
    // One that is being taken from is offered again when it is known what there was.
    if (lane.claiming || lane.capacity(now) === 0) return;
    this.#ready.add(lane);
    this.#planPump();
  }

  /** Sleeps in slices: looking too early costs one probe of an index. */
  #wakeAt(lane: Lane, at: Timestamp): void {
    const waitMs = Math.min(at - this.#context.clock.now(), MAX_SLEEP_MS);
    if (waitMs <= 0) this.#markDue(lane);
    else lane.wakeAfter(waitMs, this.#context.clock.monotonicMs(), () => this.#markDue(lane));
  }

  /** What becomes due in one turn of the loop is taken together. */
  #planPump(): void {
    if (this.#pumpPlanned || this.#claims >= MAX_CLAIMS || this.#stopping) return;
    this.#pumpPlanned = true;
    setImmediate(() => {
      this.#pumpPlanned = false;
      this.#run(this.#pump(), (error) => {
        this.#context.log.error('Unexpected error in the delivery loop, going on in a second', {}, error);
        setTimeout(() => this.#planPump(), CLAIM_AGAIN_MS).unref();
      });
    });
  }

  async #pump(): Promise<void> {
    if (this.#claims >= MAX_CLAIMS || this.#stopping) return;
    const demands = this.#slots.demands(this.#ready, this.#context.clock.monotonicMs(), (lane, error) =>
      this.#backOff(lane, 'claiming deliveries', error),
    );
    if (demands.length === 0) return;
    // What is asked for counts as used until it is known what was got.
    const asked = demands.map(({ endpointId, limit }) => this.#slots.reserve(this.#lane(endpointId), limit));
    this.#claims++;
    try {
      const { taken, failed } = await claimInHalves(this.#queue, demands);
      for (const end of asked.splice(0)) end();
      this.#progress.moved();
      for (const lane of taken) this.#startClaimedSafely(lane);
      for (const { endpointId, error } of failed) this.#claimFailed(this.#lane(endpointId), error);
    } catch (error) {
      this.#context.log.warn('Deliveries could not be claimed, trying again', {}, error);
      for (const { endpointId } of demands) this.#lane(endpointId).due = true;
      for (const { endpointId } of demands) this.#lane(endpointId).claiming = false;
      await this.#retryLoop.pause();
      for (const { endpointId } of demands) this.#offer(this.#lane(endpointId));
    } finally {
      for (const end of asked) end();
      this.#claims--;
    }
    if (this.#ready.size > 0) this.#planPump();
  }

  #claimFailed(lane: Lane, error: unknown): void {
    lane.claiming = false;
    if (isItemError(error)) this.#backOff(lane, 'claiming deliveries', error);
    else this.#wakeAt(lane, addMs(this.#context.clock.now(), CLAIM_AGAIN_MS));
  }

  #startClaimedSafely(taken: ClaimedLane): void {
    try {
      this.#startClaimed(taken);
    } catch (error) {
      this.#backOff(this.#lane(taken.endpointId), 'delivering', error);
    }
  }

  #startClaimed(taken: ClaimedLane): void {
    const lane = this.#lane(taken.endpointId);
    lane.claiming = false;
    const { batch = null } = lane.endpoint?.options ?? {};
    const excess: ClaimedDelivery[] = [];
    for (const delivery of taken.deliveries) {
      if (!this.#slots.hold(lane, delivery)) excess.push(delivery);
      else if (batch === null) this.#start(lane, [delivery]);
      else this.#collectorOf(lane).add(delivery, batch);
    }
    if (excess.length > 0)
      this.#runFor(lane, 'delivering', () => this.#attempts.releaseAll(excess, this.#context.clock.now()));
    // What waits to become a batch must not take the memory of what could be sent.
    if (lane.endpoint !== undefined && !this.#slots.isHalfFree(lane.endpoint.organizationId)) lane.collector?.flush();
    if (taken.nextDueAt === null || taken.nextDueAt > this.#context.clock.now()) lane.collector?.flushRetries();
    if (taken.nextDueAt !== null) this.#wakeAt(lane, taken.nextDueAt);
    this.#offer(lane);
  }

  #collectorOf(lane: Lane): BatchCollector {
    lane.collector ??= new BatchCollector((deliveries) => this.#start(lane, deliveries));
    return lane.collector;
  }

  #start(lane: Lane, deliveries: Deliveries, durable?: Promise<void>): void {
    this.#runFor(lane, 'delivering', () => this.#deliver(lane, deliveries, durable));
  }

  /** @param durable they are on record by then; taken by the queue they are */
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
      if (this.#ready.size > 0) this.#planPump();
    }
  }

  async #attempt(lane: Lane, deliveries: Deliveries): Promise<void> {
    const { endpoint } = lane;
    const learn = (outcome: AttemptOutcome) => lane.recordOutcome(outcome, this.#context.clock.monotonicMs());
    let nextAttemptAt: Timestamp | null;
    if (this.#stopping || endpoint?.status !== 'active') {
      // Deleted, paused or disabled since it was taken, or we are on our way out: nothing was tried.
      const now = this.#context.clock.now();
      await this.#attempts.releaseAll(deliveries, now);
      nextAttemptAt = now;
    } else if (endpoint.options.batch === null && deliveries.length === 1) {
      nextAttemptAt = await this.#attempts.make(deliveries[0], endpoint, learn);
    } else {
      nextAttemptAt = await this.#attempts.makeBatch(deliveries, endpoint, learn);
    }
    if (nextAttemptAt !== null && !this.#stopping) this.#wakeAt(lane, nextAttemptAt);
  }

  /** Whatever `work` throws concerns this lane alone. */
  #runFor(lane: Lane, step: LaneStep, work: () => Promise<void>): void {
    this.#run(work(), (error) => this.#backOff(lane, step, error));
  }

  #backOff(lane: Lane, step: LaneStep, error: unknown): void {
    this.#faults.note(lane, step, error);
    this.#markDue(lane);
  }

  /** Keeps hold of work in the background, so that `stop` can wait for it and no rejection goes unseen. */
  #run(work: Promise<void>, onError: (error: unknown) => void): void {
    const running = work.catch((error: unknown) => {
      if (!this.#stopping) onError(error);
    });
    this.#work.add(running);
    void running.finally(() => this.#work.delete(running));
  }
}

function isEnded(endpoint: Endpoint | undefined): boolean {
  return endpoint === undefined || endpoint.status === 'disabled';
}
