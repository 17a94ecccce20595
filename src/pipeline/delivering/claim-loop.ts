import type { EndpointId } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { ClaimedLane, DeliveryQueue, LaneDemand } from '../../ports/record/delivery-queue.ts';
import type { Context } from '../context.ts';
import { ProgressWatch, type RetryLoop } from '../pacing/index.ts';
import { BackgroundTasks } from './background-tasks.ts';
import { claimInHalves } from './claim-in-halves.ts';
import { type Lane, ReadyLanes, type Slots } from './lanes/index.ts';

/** Concurrent claims, of different lanes: a lane that becomes due does not wait for a claim of other lanes. */
const MAX_CLAIMS = 4;
/** Pause after an unexpected error in the loop. */
const ERROR_PAUSE_MS: Milliseconds = 1_000;

/** The deliverer, as the claim loop uses it. */
export interface ClaimHandler {
  lane(endpointId: EndpointId): Lane;
  /** The deliveries that the queue leased to this process for one lane. Must not throw. */
  onClaimed(claimed: ClaimedLane): void;
  /** The queue could not claim for this lane. */
  onClaimFailed(lane: Lane, error: unknown): void;
  /** The queue was unavailable; the lane is due as before. */
  offer(lane: Lane): void;
}

/**
 * Claims due deliveries for the lanes that are ready, as many as there are slots for. Lanes that become ready in one
 * turn of the event loop are claimed in one call.
 *
 * States of a lane here:
 *   add → ready → claiming → onClaimed                  the queue answered
 *                 claiming → onClaimFailed              the call failed for this lane alone
 *                 claiming → (pause) → offer            the queue is unavailable
 */
export class ClaimLoop {
  readonly #context: Pick<Context, 'clock' | 'log'>;
  readonly #queue: DeliveryQueue;
  readonly #slots: Slots;
  readonly #retryLoop: RetryLoop;
  readonly #handler: ClaimHandler;
  readonly #ready = new ReadyLanes();
  readonly #progress: ProgressWatch;
  readonly #tasks = new BackgroundTasks();
  #claims = 0;
  #isScheduled = false;
  #stopping = false;

  constructor(
    context: Pick<Context, 'clock' | 'log'>,
    queue: DeliveryQueue,
    slots: Slots,
    retryLoop: RetryLoop,
    handler: ClaimHandler,
  ) {
    this.#context = context;
    this.#queue = queue;
    this.#slots = slots;
    this.#retryLoop = retryLoop;
    this.#handler = handler;
    this.#progress = new ProgressWatch({
      clock: context.clock,
      hasWork: () => this.#claims > 0 || slots.hasDemand(this.#ready, context.clock.monotonicMs()),
    });
  }

  start(): void {
    this.#progress.start();
  }

  /** Begins no further claim; `settled` waits for those in progress. */
  stop(): void {
    this.#stopping = true;
    this.#progress.stop();
    this.#tasks.stop();
  }

  settled(): Promise<void> {
    return this.#tasks.settled();
  }

  /** How long deliveries have been due, with slots free, without one being claimed, in ms; 0 = not stalled. */
  stalledMs(): Milliseconds {
    return this.#progress.stalledMs();
  }

  add(lane: Lane): void {
    this.#ready.add(lane);
    this.#schedule();
  }

  /** Slots became free: lanes that waited for one may be claimed. */
  onSlotsFreed(): void {
    if (this.#ready.size > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#claims >= MAX_CLAIMS || this.#stopping) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#tasks.run(this.#claim(), (error) => {
        this.#context.log.error('Unexpected error in the delivery loop, going on in a second', {}, error);
        setTimeout(() => this.#schedule(), ERROR_PAUSE_MS).unref();
      });
    });
  }

  async #claim(): Promise<void> {
    if (this.#claims >= MAX_CLAIMS || this.#stopping) return;
    const demands = this.#slots.demands(this.#ready, this.#context.clock.monotonicMs(), (lane, error) =>
      this.#handler.onClaimFailed(lane, error),
    );
    if (demands.length === 0) return;
    // Requested deliveries count as in use until the queue has answered.
    const reservations = demands.map(({ endpointId, limit }) => this.#slots.reserve(this.#lane(endpointId), limit));
    this.#claims++;
    try {
      const { claimed, failed } = await claimInHalves(this.#queue, demands);
      for (const end of reservations.splice(0)) end();
      this.#progress.moved();
      for (const lane of claimed) this.#handler.onClaimed(lane);
      for (const { endpointId, error } of failed) this.#handler.onClaimFailed(this.#lane(endpointId), error);
    } catch (error) {
      await this.#onUnavailable(demands, error);
    } finally {
      for (const end of reservations) end();
      this.#claims--;
    }
    this.onSlotsFreed();
  }

  async #onUnavailable(demands: readonly LaneDemand[], error: unknown): Promise<void> {
    this.#context.log.warn('Deliveries could not be claimed, retrying', {}, error);
    const lanes = demands.map(({ endpointId }) => this.#lane(endpointId));
    for (const lane of lanes) {
      lane.due = true;
      lane.claiming = false;
    }
    await this.#retryLoop.pause();
    for (const lane of lanes) this.#handler.offer(lane);
  }

  #lane(endpointId: EndpointId): Lane {
    return this.#handler.lane(endpointId);
  }
}
