import type { Endpoint } from '../../../core/delivery/endpoint.ts';
import type { EndpointId, OrganizationId } from '../../../core/ids.ts';
import { LEASE_MARGIN_MS } from '../../../core/limits.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { ClaimedDelivery, LaneDemand } from '../../../ports/record/delivery-queue.ts';
import { FairShares, UNPROVEN_SHARE, userOf } from './fair-shares.ts';
import type { Lane } from './lane.ts';
import type { ReadyLanes } from './ready-lanes.ts';

/** Above this use by lanes that nothing is known of, each of them gets one attempt at a time. */
const CROWD_SHARE = 1 / 4;
/** Of all slots, for one organization. */
const ORGANIZATION_SHARE = 3 / 4;
/**
 * Payload of deliveries that are claimed and not settled, and for one organization. Each is held as text and as bytes, so it
 * is some 200 MB in all; a receiver that accepts and never reads held 1.5 GB.
 */
const MAX_CHARACTERS = 64 * 1024 * 1024;
const ORGANIZATION_CHARACTERS_SHARE = 1 / 2;
/** What a delivery costs beside its payload. */
const DELIVERY_CHARACTERS = 1_000;
/** From one lane in one taking, so that one call to the queue stays short. */
const MAX_CLAIM_PER_LANE = 50;
const MAX_CLAIM = 500;
/** Lanes that `mayDemand` looks at: some 0.1 ms. */
const MAX_LOOKED_AT = 1_000;

/**
 * Attempts under way at once, over all endpoints, and the payloads of what is claimed: each attempt holds a socket, each
 * delivery up to 256 KiB. Endpoints that are known to hang, or not known yet, and each organization may have a part of them.
 */
export class Slots {
  readonly #most: number;
  readonly #attempts: FairShares;
  readonly #characters: FairShares;
  /** Claimed deliveries, and what ends their being held. */
  readonly #held = new Map<ClaimedDelivery, () => void>();

  /** @param most slots in all */
  constructor(most: number, maxCharacters = MAX_CHARACTERS) {
    this.#most = most;
    this.#attempts = new FairShares(most, ORGANIZATION_SHARE);
    this.#characters = new FairShares(maxCharacters, ORGANIZATION_CHARACTERS_SHARE);
  }

  /** An attempt is under way. @returns what ends the use */
  use(lane: Lane): () => void {
    const user = userOf(lane);
    this.#attempts.add(user, 1);
    return () => this.#attempts.add(user, -1);
  }

  /**
   * A delivery is in memory from its claim to its settlement.
   * @returns false where there is no room for it: then it goes back as if it had not been claimed
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

  /** It is settled, or has gone back. */
  release(delivery: ClaimedDelivery): void {
    this.#held.get(delivery)?.();
    this.#held.delete(delivery);
  }

  /** What was asked for counts as if it had come, by what the lane's deliveries mostly are. @returns what ends that */
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

  /** Far from every bound: whoever takes a few beside `demands` passes none. */
  isHalfFree(organizationId: OrganizationId): boolean {
    return this.#attempts.isHalfFree(organizationId) && this.#characters.isHalfFree(organizationId);
  }

  /**
   * What may be taken now. The lanes that are asked for are not ready any more.
   * @param onFault called for a lane whose demand can't be made; it is not ready any more either
   */
  demands(
    ready: ReadyLanes,
    monotonicNowMs: Milliseconds,
    onFault: (lane: Lane, error: unknown) => void,
  ): LaneDemand[] {
    const demands: LaneDemand[] = [];
    // What is asked for counts as used by the lanes that come after.
    const asked: (() => void)[] = [];
    let left = MAX_CLAIM;
    for (const lane of ready.inTurn()) {
      if (left <= 0) break;
      const { endpoint } = lane;
      const capacity = lane.capacity(monotonicNowMs);
      if (capacity === 0 || endpoint === undefined) {
        ready.delete(lane);
        continue;
      }
      const requests = Math.min(capacity, MAX_CLAIM_PER_LANE, left, this.#free(lane));
      if (requests <= 0) continue;
      ready.delete(lane);
      try {
        const demand = demandOf(lane.endpointId, endpoint, { requests, collected: lane.collector?.size ?? 0 });
        asked.push(this.reserve(lane, demand.limit));
        left -= demand.limit;
        demands.push(demand);
      } catch (error) {
        onFault(lane, error);
        continue;
      }
      lane.due = false;
      lane.claiming = true;
    }
    for (const end of asked) end();
    ready.turn();
    return demands;
  }

  /** Whether `demands` would ask for something. Looks at a bounded number of lanes. */
  hasDemand(ready: ReadyLanes, monotonicNowMs: Milliseconds): boolean {
    let looked = 0;
    for (const lane of ready.inTurn()) {
      if (looked++ === MAX_LOOKED_AT) return false;
      if (lane.endpoint !== undefined && lane.capacity(monotonicNowMs) > 0 && this.#free(lane) > 0) return true;
    }
    return false;
  }

  /** How many deliveries of the lane may be under way beside those that are. */
  #free(lane: Lane): number {
    const user = userOf(lane);
    const size = Math.max(DELIVERY_CHARACTERS, lane.typicalCharacters);
    const bounds = [this.#attempts.free(user, 1), this.#characters.free(user, size) / size];
    // Many are unknown, so perhaps many hang: each shows with one attempt what it is.
    const isCrowd = this.#attempts.unprovenFree < (UNPROVEN_SHARE - CROWD_SHARE) * this.#most;
    if (!lane.proven && isCrowd) bounds.push(1 - lane.inFlight);
    return Math.floor(Math.min(...bounds));
  }
}

/** @param free requests that it may begin, and deliveries that wait in memory to become one */
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
