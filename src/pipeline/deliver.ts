import type { AttemptOutcome } from '../core/delivery.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { EndpointId } from '../core/ids.ts';
import { LEASE_MARGIN_MS } from '../core/limits.ts';
import { type Decision, decideAfterAttempt } from '../core/retry.ts';
import { addMs, type Milliseconds, type Timestamp } from '../core/time.ts';
import type { Bus } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  DeliveryQueue,
  LaneDemand,
  Settlement,
  SettleOutcome,
  TakenDelivery,
  TakenLane,
} from '../ports/delivery-queue.ts';
import type { Log } from '../ports/log.ts';
import type { Sender } from '../ports/sender.ts';
import type { EndpointStore } from '../ports/store/endpoint-store.ts';
import { Batcher } from './batcher.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import { Lane } from './lane.ts';
import { webhookRequest } from './webhook-request.ts';

/** Attempts under way at once, over all endpoints: each holds a socket and a payload of up to 256 KiB. */
const MAX_SLOTS = 1_000;
/** Of these, for endpoints that hung lately. */
const MAX_SUSPECT_SLOTS = MAX_SLOTS / 4;
/** From one lane in one taking, so that one call to the queue stays short. */
const MAX_TAKE_PER_LANE = 50;
const MAX_TAKE = 500;
const MAX_SETTLE = 500;
/** Timers are set in slices: none beyond 2^31 ms, and a clock that was set forward is noticed. */
const MAX_SLEEP_MS = 600_000;
const TROUBLE_PAUSE_MS = 1_000;
/** Deliveries of a removed or disabled endpoint that are ended in one step. */
const END_STEP = 500;

/** The station that sends: a lane an endpoint, each with its own concurrency, over a bounded number of slots. */
export class Deliverer {
  readonly #queue: DeliveryQueue;
  readonly #endpoints: EndpointStore;
  readonly #directory: EndpointDirectory;
  readonly #bus: Bus;
  readonly #sender: Sender;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #userAgent: string;
  readonly #settle: Batcher<Settlement, SettleOutcome>;
  readonly #lanes = new Map<EndpointId, Lane>();
  /** Lanes that are due and have room, the longest waiting first. */
  readonly #ready = new Set<Lane>();
  readonly #unsubscribe: (() => void)[] = [];
  readonly #work = new Set<Promise<unknown>>();
  #slotsUsed = 0;
  #suspectSlotsUsed = 0;
  #taking = false;
  #pumpPlanned = false;
  #stopping = false;

  constructor(parts: {
    queue: DeliveryQueue;
    endpoints: EndpointStore;
    directory: EndpointDirectory;
    bus: Bus;
    sender: Sender;
    clock: Clock;
    log: Log;
    userAgent: string;
  }) {
    this.#queue = parts.queue;
    this.#endpoints = parts.endpoints;
    this.#directory = parts.directory;
    this.#bus = parts.bus;
    this.#sender = parts.sender;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#userAgent = parts.userAgent;
    this.#settle = new Batcher((settlements) => this.#queue.settle(settlements), MAX_SETTLE);
  }

  /** Resolves when the lanes with waiting deliveries are known; sending goes on from then. */
  async start(): Promise<void> {
    this.#unsubscribe.push(
      this.#queue.onDue((endpointIds) => {
        for (const id of endpointIds) this.#markDue(this.#lane(id));
      }),
      this.#bus.subscribe((message) => {
        if (message.kind === 'endpoints_changed') this.#lookUp(this.#lane(message.endpointId));
      }),
    );
    for (const { endpointId, nextDueAt } of await this.#queue.waitingLanes())
      this.#wakeAt(this.#lane(endpointId), nextDueAt);
  }

  /** Takes no more, waits for what is under way up to `graceMs`; what is not done by then is given back. */
  async stop(graceMs: Milliseconds): Promise<void> {
    this.#stopping = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const lane of this.#lanes.values()) lane.sleep();
    await this.#sender.close(graceMs);
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }

  /** Attempts under way, for the health page. */
  get inFlight(): number {
    return this.#slotsUsed;
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
    const lookup = ++lane.lookups;
    this.#run(async () => {
      const endpoint = await this.#untilItWorks(() => this.#directory.find(lane.endpointId));
      if (lookup !== lane.lookups) return;
      if (lane.endpoint !== undefined && lane.endpoint.url !== endpoint?.url) this.#sender.forget(lane.endpointId);
      lane.endpoint = endpoint;
      lane.trustAgain();
      if (endpoint === undefined) await this.#endWaiting(lane, 'canceled');
      else if (endpoint.status === 'disabled') await this.#endWaiting(lane, 'skipped');
      else this.#markDue(lane);
    });
  }

  async #endWaiting(lane: Lane, status: 'canceled' | 'skipped'): Promise<void> {
    const step = () => this.#endpoints.endWaiting(lane.endpointId, status, this.#clock.now(), END_STEP);
    while (!this.#stopping && (await this.#untilItWorks(step)) === END_STEP);
    if (lane.inFlight === 0 && lane.endpoint === undefined) this.#lanes.delete(lane.endpointId);
  }

  #markDue(lane: Lane): void {
    lane.due = true;
    this.#offer(lane);
  }

  #offer(lane: Lane): void {
    const now = this.#clock.monotonicMs();
    if (!lane.due) return;
    const restMs = lane.restMs(now);
    if (restMs > 0) lane.wakeAfter(restMs, now, () => this.#markDue(lane));
    if (lane.capacity(now) === 0) return;
    this.#ready.add(lane);
    this.#planPump();
  }

  /** Sleeps in slices: looking too early costs one probe of an index. */
  #wakeAt(lane: Lane, at: Timestamp): void {
    const waitMs = Math.min(at - this.#clock.now(), MAX_SLEEP_MS);
    if (waitMs <= 0) this.#markDue(lane);
    else lane.wakeAfter(waitMs, this.#clock.monotonicMs(), () => this.#markDue(lane));
  }

  /** What becomes due in one turn of the loop is taken together. */
  #planPump(): void {
    if (this.#pumpPlanned || this.#taking || this.#stopping) return;
    this.#pumpPlanned = true;
    setImmediate(() => {
      this.#pumpPlanned = false;
      this.#run(() => this.#pump());
    });
  }

  async #pump(): Promise<void> {
    if (this.#taking || this.#stopping) return;
    const demands = this.#demands();
    if (demands.length === 0) return;
    this.#taking = true;
    try {
      for (const taken of await this.#queue.take(demands)) this.#startTaken(taken);
    } catch (error) {
      this.#log.warn('Could not take deliveries, trying again', {}, error);
      for (const { endpointId } of demands) this.#lane(endpointId).due = true;
      await sleep(TROUBLE_PAUSE_MS);
      for (const { endpointId } of demands) this.#offer(this.#lane(endpointId));
    } finally {
      this.#taking = false;
    }
    if (this.#ready.size > 0) this.#planPump();
  }

  /** In turn: a lane that was served goes to the end of the line. */
  #demands(): LaneDemand[] {
    const demands: LaneDemand[] = [];
    const now = this.#clock.monotonicMs();
    let free = Math.min(MAX_TAKE, MAX_SLOTS - this.#slotsUsed);
    let suspectFree = MAX_SUSPECT_SLOTS - this.#suspectSlotsUsed;
    for (const lane of this.#ready) {
      if (free <= 0) break;
      const { endpoint } = lane;
      const capacity = lane.capacity(now);
      if (capacity === 0 || endpoint === undefined) {
        this.#ready.delete(lane);
        continue;
      }
      if (lane.suspect && suspectFree <= 0) continue;
      const limit = Math.min(capacity, MAX_TAKE_PER_LANE, free);
      demands.push({ endpointId: lane.endpointId, limit, leaseMs: endpoint.timeoutMs + LEASE_MARGIN_MS });
      free -= limit;
      if (lane.suspect) suspectFree -= limit;
      this.#ready.delete(lane);
      lane.due = false;
    }
    return demands;
  }

  #startTaken(taken: TakenLane): void {
    const lane = this.#lane(taken.endpointId);
    for (const delivery of taken.deliveries) this.#run(() => this.#deliver(lane, delivery));
    if (taken.nextDueAt !== null) this.#wakeAt(lane, taken.nextDueAt);
    this.#offer(lane);
  }

  async #deliver(lane: Lane, delivery: TakenDelivery): Promise<void> {
    const { suspect } = lane;
    lane.inFlight++;
    this.#slotsUsed++;
    if (suspect) this.#suspectSlotsUsed++;
    try {
      await this.#attempt(lane, delivery);
    } finally {
      lane.inFlight--;
      this.#slotsUsed--;
      if (suspect) this.#suspectSlotsUsed--;
      this.#offer(lane);
      if (this.#ready.size > 0) this.#planPump();
    }
  }

  async #attempt(lane: Lane, delivery: TakenDelivery): Promise<void> {
    const { endpoint } = lane;
    const startedAt = this.#clock.now();
    // Deleted, paused or disabled since it was taken, or we are on our way out: nothing was tried.
    if (this.#stopping || endpoint?.status !== 'active') return this.#giveBack(delivery, startedAt);

    const outcome = await this.#sender.send(
      webhookRequest({ delivery, endpoint, at: startedAt, userAgent: this.#userAgent }),
    );
    lane.learn(outcome, this.#clock.monotonicMs());
    const decision = decideAfterAttempt({
      outcome,
      failures: delivery.failures + (outcome.error === null ? 0 : 1),
      policy: endpoint.retryPolicy,
      now: this.#clock.now(),
      random: Math.random(),
    });
    if (decision.kind === 'give_back') return this.#giveBack(delivery, decision.at);
    this.#logAttempt(delivery, outcome);
    await this.#record(lane, delivery, endpoint, outcome, decision, startedAt);
  }

  async #record(
    lane: Lane,
    delivery: TakenDelivery,
    endpoint: Endpoint,
    outcome: AttemptOutcome,
    decision: Exclude<Decision, { kind: 'give_back' }>,
    startedAt: Timestamp,
  ): Promise<void> {
    const settlement: Settlement = {
      deliveryId: delivery.id,
      attemptNumber: delivery.attemptNumber,
      attempt: {
        number: delivery.attemptNumber,
        startedAt,
        durationMs: outcome.durationMs,
        statusCode: outcome.statusCode,
        error: outcome.error,
        responseExcerpt: outcome.responseExcerpt,
      },
      next: nextStatus(decision),
    };
    const settled = await this.#untilItWorks(() => this.#settle.add(settlement));
    if (settled === 'stale') {
      this.#log.sampled(
        'stale',
        'warn',
        () => `Attempt ${delivery.attemptNumber} of delivery ${delivery.id} came too late: its lease was lost`,
      );
      return;
    }
    if (decision.kind === 'retry') this.#wakeAt(lane, decision.at);
    if (decision.kind === 'gone') await this.#disable(endpoint);
  }

  async #disable(endpoint: Endpoint): Promise<void> {
    const disabled = await this.#untilItWorks(() => this.#endpoints.disable(endpoint.id, 'gone', this.#clock.now()));
    if (!disabled) return;
    this.#log.warn('Endpoint disabled: its receiver answered 410 Gone', { endpoint_id: endpoint.id });
    await this.#bus.publish({
      kind: 'endpoints_changed',
      organizationId: endpoint.organizationId,
      endpointId: endpoint.id,
    });
  }

  async #giveBack(delivery: TakenDelivery, dueAt: Timestamp): Promise<void> {
    const returned = { deliveryId: delivery.id, attemptNumber: delivery.attemptNumber, dueAt };
    await this.#untilItWorks(() => this.#queue.giveBack([returned]));
    const lane = this.#lanes.get(delivery.endpointId);
    if (lane !== undefined && !this.#stopping) this.#wakeAt(lane, addMs(dueAt, 1));
  }

  /**
   * What was sent must be recorded: a failing store is asked again. On the way out once is enough; the lease runs out
   * by itself.
   */
  async #untilItWorks<T>(call: () => Promise<T>): Promise<T> {
    while (true) {
      try {
        return await call();
      } catch (error) {
        if (this.#stopping) throw error;
        this.#log.warn('The record could not be reached, trying again', {}, error);
        await sleep(TROUBLE_PAUSE_MS);
      }
    }
  }

  #logAttempt(delivery: TakenDelivery, outcome: AttemptOutcome): void {
    const level = outcome.error === null ? 'info' : 'warn';
    this.#log.sampled(`attempt.${level}`, level, () => {
      const { event } = delivery;
      const result = outcome.error === null ? 'delivered' : `failed (${outcome.error})`;
      return `Attempt ${delivery.attemptNumber} ${result} event=${event.id} delivery=${delivery.id} endpoint=${delivery.endpointId} status=${outcome.statusCode ?? '-'} duration=${outcome.durationMs.toFixed(2)}ms`;
    });
  }

  /** Keeps hold of work in the background, so that `stop` can wait for it and no rejection goes unseen. */
  #run(work: () => Promise<void>): void {
    const running = work().catch((error: unknown) => {
      if (!this.#stopping) this.#log.error('The deliverer stumbled', {}, error);
    });
    this.#work.add(running);
    void running.finally(() => this.#work.delete(running));
  }
}

function nextStatus(decision: Exclude<Decision, { kind: 'give_back' }>): Settlement['next'] {
  switch (decision.kind) {
    case 'delivered':
      return { status: 'delivered' };
    case 'retry':
      return { status: 'retrying', dueAt: decision.at };
    case 'failed':
    case 'gone':
      return { status: 'failed' };
  }
}

function sleep(ms: Milliseconds): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
