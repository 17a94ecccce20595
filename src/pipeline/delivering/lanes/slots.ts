import type { Endpoint } from '../../../core/delivery/endpoint.ts';
import type { EndpointId, OrganizationId } from '../../../core/ids.ts';
import { LEASE_MARGIN_MS } from '../../../core/limits.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { ClaimedDelivery, LaneDemand } from '../../../ports/record/delivery-queue.ts';
import { FairShares, UNPROVEN_SHARE, userOf } from './fair-shares.ts';
import type { Lane } from './lane.ts';
import type { ReadyLanes } from './ready-lanes.ts';

/** When unproven lanes use more than this share, each of them gets one attempt at a time. */
const CROWD_SHARE = 1 / 4;
/** Share of all slots that one organization may use. */
const ORGANIZATION_SHARE = 3 / 4;
/**
 * Payload of claimed, unsettled deliveries, in characters. A payload is held as text and as bytes, so the bound is
 * about 200 MB in all; without it a receiver that accepts connections and never reads held 1.5 GB.
 */
const MAX_CHARACTERS = 64 * 1024 * 1024;
const ORGANIZATION_CHARACTERS_SHARE = 1 / 2;
/** Memory of a delivery besides its payload. */
const DELIVERY_CHARACTERS = 1_000;
/** Deliveries claimed for one lane in one call, so that a call to the queue stays short. */
const MAX_CLAIM_PER_LANE = 50;
const MAX_CLAIM = 500;
/** Lanes that `hasDemand` scans: about 0.1 ms. */
const MAX_SCANNED_LANES = 1_000;

/**
 * Bounds concurrent attempts and the payloads of claimed deliveries, over all endpoints: an attempt holds a socket, a
 * delivery up to 256 KiB. Degraded lanes, unproven lanes and each organization have a share.
 */
export class Slots {
  readonly #total: number;
  readonly #attempts: FairShares;
  readonly #characters: FairShares;
  /** Claimed deliveries, each with the function that frees its memory. */
  readonly #held = new Map<ClaimedDelivery, () => void>();

  /** @param total number of slots */
  constructor(total: number, maxCharacters = MAX_CHARACTERS) {
    this.#total = total;
    this.#attempts = new FairShares(total, ORGANIZATION_SHARE);
    this.#characters = new FairShares(maxCharacters, ORGANIZATION_CHARACTERS_SHARE);
  }

  /** Occupies a slot for an attempt. @returns a function that frees it */
  use(lane: Lane): () => void {
    const user = userOf(lane);
    this.#attempts.add(user, 1);
    return () => this.#attempts.add(user, -1);
  }

  /**
   * Counts a delivery's memory, from its claim to its settlement.
   * @returns false when there is no room; the delivery must then be released
   */
  hold(lane: Lane, delivery: ClaimedDelivery): boolean {
    const user = userOf(lane);
    const characters = delivery.event.data.length + DELIVERY_CHARACTERS;
    lane.typicalCharacters = Math.max(characters, lane.typicalCharacters * 0.9);
    if (this.#characters.free(user, characters) < characters) return false;
    this.#characters.add(user, characters);
    this.#held.set(delivery, () => this.#characters.add(user, -characters));
    return true;
  }

  /** Frees a delivery's memory: it is settled or released. */
  release(delivery: ClaimedDelivery): void {
    this.#held.get(delivery)?.();
    this.#held.delete(delivery);
  }

  /** Counts requested deliveries as claimed, at the lane's typical size. @returns a function that ends the reservation */
  reserve(lane: Lane, attempts: number): () => void {
    const user = userOf(lane);
    const characters = attempts * lane.typicalCharacters;
    this.#attempts.add(user, attempts);
    this.#characters.add(user, characters);
    return () => {
      this.#attempts.add(user, -attempts);
      this.#characters.add(user, -characters);
    };
  }

  /** True when less than half of every bound is used: a few claims besides `demands` exceed none. */
  isHalfFree(organizationId: OrganizationId): boolean {
    return this.#attempts.isHalfFree(organizationId) && this.#characters.isHalfFree(organizationId);
  }

  /**
   * Computes what may be claimed now. Lanes with a demand leave `ready`.
   * @param onFault called for a lane whose demand cannot be computed; that lane leaves `ready` too
   */
  demands(
    ready: ReadyLanes,
    monotonicNowMs: Milliseconds,
    onFault: (lane: Lane, error: unknown) => void,
  ): LaneDemand[] {
    const demands: LaneDemand[] = [];
    // A demand counts as used for the lanes after it.
    const reservations: (() => void)[] = [];
    let remaining = MAX_CLAIM;
    for (const lane of ready.roundRobin()) {
      if (remaining <= 0) break;
      const { endpoint } = lane;
      const capacity = lane.capacity(monotonicNowMs);
      if (capacity === 0 || endpoint === undefined) {
        ready.delete(lane);
        continue;
      }
      const requests = Math.min(capacity, MAX_CLAIM_PER_LANE, remaining, this.#free(lane));
      if (requests <= 0) continue;
      ready.delete(lane);
      try {
        const demand = demandOf(lane.endpointId, endpoint, { requests, collected: lane.collector?.size ?? 0 });
        reservations.push(this.reserve(lane, demand.limit));
        remaining -= demand.limit;
        demands.push(demand);
      } catch (error) {
        onFault(lane, error);
        continue;
      }
      lane.due = false;
      lane.claiming = true;
    }
    for (const end of reservations) end();
    ready.rotate();
    return demands;
  }

  /** Whether `demands` would return a demand. Scans a bounded number of lanes. */
  hasDemand(ready: ReadyLanes, monotonicNowMs: Milliseconds): boolean {
    let scanned = 0;
    for (const lane of ready.roundRobin()) {
      if (scanned++ === MAX_SCANNED_LANES) return false;
      if (lane.endpoint !== undefined && lane.capacity(monotonicNowMs) > 0 && this.#free(lane) > 0) return true;
    }
    return false;
  }

  /** How many more deliveries of the lane may be in flight. */
  #free(lane: Lane): number {
    const user = userOf(lane);
    const size = Math.max(DELIVERY_CHARACTERS, lane.typicalCharacters);
    const bounds = [this.#attempts.free(user, 1), this.#characters.free(user, size) / size];
    // Many unproven lanes may all be unresponsive: each proves itself with a single attempt first.
    const isCrowd = this.#attempts.unprovenFree < (UNPROVEN_SHARE - CROWD_SHARE) * this.#total;
    if (!lane.proven && isCrowd) bounds.push(1 - lane.inFlight);
    return Math.floor(Math.min(...bounds));
  }
}

/** @param free requests that the lane may begin, and deliveries already collected for a batch */
function demandOf(
  endpointId: EndpointId,
  { maxConcurrency, timeoutMs, options }: Endpoint,
  free: { requests: number; collected: number },
): LaneDemand {
  const { batch, rateLimit } = options;
  const size = batch?.maxEvents ?? 1;
  return {
    endpointId,
    limit: batch === null ? free.requests : Math.max(1, batch.maxEvents - free.collected),
    leaseMs: timeoutMs + LEASE_MARGIN_MS + (batch?.maxWaitMs ?? 0),
    limits: { maxLeased: maxConcurrency * size, ratePerSecond: rateLimit },
  };
}
