import type { EndpointId } from '../../core/ids.ts';
import { LEASE_MARGIN_MS } from '../../core/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AcceptClaimer, ClaimedDelivery, ClaimRoom } from '../../ports/record/delivery-queue.ts';
import type { Lane, Slots } from './lanes/index.ts';

/**
 * Claims new deliveries in the transaction that accepts their event, for lanes that answer reliably and have nothing
 * waiting. All other lanes claim from the queue: lanes that are degraded, paused, rate limited or batching.
 */
export class ClaimOnAccept implements AcceptClaimer {
  readonly #lanes: ReadonlyMap<EndpointId, Lane>;
  readonly #slots: Slots;
  readonly #clock: Clock;
  readonly #start: (lane: Lane, delivery: ClaimedDelivery, durable: Promise<void>) => void;
  readonly #untilDurable = new Set<() => void>();

  /** @param parts.start occupies a slot of the lane at once and sends when `durable` resolves */
  constructor(parts: {
    lanes: ReadonlyMap<EndpointId, Lane>;
    slots: Slots;
    clock: Clock;
    start: (lane: Lane, delivery: ClaimedDelivery, durable: Promise<void>) => void;
  }) {
    this.#lanes = parts.lanes;
    this.#slots = parts.slots;
    this.#clock = parts.clock;
    this.#start = parts.start;
  }

  /** Never throws: an error here would fail an accepting transaction, which holds events of other tenants. */
  room(endpointId: EndpointId): ClaimRoom | null {
    try {
      return this.#roomOf(endpointId);
    } catch {
      return null;
    }
  }

  #roomOf(endpointId: EndpointId): ClaimRoom | null {
    const lane = this.#lanes.get(endpointId);
    if (lane?.endpoint === undefined || !lane.proven || lane.degraded || lane.mayHaveWaiting) return null;
    const { options, timeoutMs, organizationId } = lane.endpoint;
    if (options.batch !== null || options.rateLimit !== null || !this.#slots.isHalfFree(organizationId)) return null;
    const limit = lane.capacity(this.#clock.monotonicMs());
    return limit > 0 ? { limit, leaseMs: timeoutMs + LEASE_MARGIN_MS } : null;
  }

  committed(claimed: readonly ClaimedDelivery[], unclaimed: Iterable<EndpointId>): () => void {
    for (const id of unclaimed) {
      const lane = this.#lanes.get(id);
      if (lane !== undefined) lane.leftWaiting = true;
    }
    if (claimed.length === 0) return () => {};
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#untilDurable.add(resolve);
    for (const delivery of claimed) {
      const lane = this.#lanes.get(delivery.endpointId);
      if (lane !== undefined) this.#start(lane, delivery, promise);
    }
    return () => {
      this.#untilDurable.delete(resolve);
      resolve();
    };
  }

  /** Stops waiting for the disk: deliveries that are not durable yet are released. */
  stop(): void {
    for (const resolve of this.#untilDurable) resolve();
    this.#untilDurable.clear();
  }
}
