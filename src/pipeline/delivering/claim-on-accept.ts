import type { EndpointId } from '../../core/ids.ts';
import { LEASE_MARGIN_MS } from '../../core/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AcceptClaimer, ClaimedDelivery, ClaimRoom } from '../../ports/record/delivery-queue.ts';
import type { Lane, Slots } from './lanes/index.ts';

/**
 * Takes new deliveries in the transaction that accepts them, for lanes that are known to answer and in which nothing waits. All
 * others are taken as ever: what hangs, rests, is bounded by a rate, or sends several at once.
 */
export class ClaimOnAccept implements AcceptClaimer {
  readonly #lanes: ReadonlyMap<EndpointId, Lane>;
  readonly #slots: Slots;
  readonly #clock: Clock;
  readonly #start: (lane: Lane, delivery: ClaimedDelivery, durable: Promise<void>) => void;
  readonly #untilDurable = new Set<() => void>();

  /** @param parts.start uses the lane's room at once, and sends when `durable` resolves */
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

  /** Never throws: an error here would be that of an accepting transaction, which holds events of others. */
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
    const most = lane.capacity(this.#clock.monotonicMs());
    return most > 0 ? { most, leaseMs: timeoutMs + LEASE_MARGIN_MS } : null;
  }

  committed(taken: readonly ClaimedDelivery[], left: Iterable<EndpointId>): () => void {
    for (const id of left) {
      const lane = this.#lanes.get(id);
      if (lane !== undefined) lane.leftWaiting = true;
    }
    if (taken.length === 0) return () => {};
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#untilDurable.add(resolve);
    for (const delivery of taken) {
      const lane = this.#lanes.get(delivery.endpointId);
      if (lane !== undefined) this.#start(lane, delivery, promise);
    }
    return () => {
      this.#untilDurable.delete(resolve);
      resolve();
    };
  }

  /** Nobody waits for the disk any more: what was taken is given back. */
  stop(): void {
    for (const resolve of this.#untilDurable) resolve();
    this.#untilDurable.clear();
  }
}
