import type { Endpoint } from '../core/endpoint.ts';
import type { EndpointId, OrganizationId } from '../core/ids.ts';
import { LEASE_MARGIN_MS } from '../core/limits.ts';
import type { Milliseconds } from '../core/time.ts';
import type { LaneDemand } from '../ports/delivery-queue.ts';
import type { Lane } from './lane.ts';
import type { ReadyLanes } from './ready-lanes.ts';

/** Of all slots, for endpoints that hung lately. */
const SUSPECT_SHARE = 1 / 4;
/** For these and those that have answered nothing yet: the rest is for endpoints that are known to answer. */
const UNPROVEN_SHARE = 3 / 4;
/** Above this use by lanes that nothing is known of, each of them gets one attempt at a time. */
const CROWD_SHARE = 1 / 4;
/** For one organization. */
const ORGANIZATION_SHARE = 3 / 4;
/** From one lane in one taking, so that one call to the queue stays short. */
const MAX_TAKE_PER_LANE = 50;
const MAX_TAKE = 500;
/** Lanes that `mayDemand` looks at: some 0.1 ms. */
const MAX_LOOKED_AT = 1_000;

/**
 * Attempts under way at once, over all endpoints: each holds a socket and a payload of up to 256 KiB. Who is known to
 * hang, who is not known yet, and each organization may have a part of them only.
 */
export class Slots {
  readonly #most: number;
  #used = 0;
  #usedBySuspects = 0;
  #usedByUnproven = 0;
  readonly #usedBy = new Map<OrganizationId, number>();

  /** @param most slots in all */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * @param attempts that are under way, or may be when what was asked for has come
   * @returns what ends the use
   */
  use(lane: Lane, attempts = 1): () => void {
    const { suspect, proven } = lane;
    const organizationId = lane.endpoint?.organizationId;
    const count = (by: number) => {
      this.#used += by;
      if (suspect) this.#usedBySuspects += by;
      if (suspect || !proven) this.#usedByUnproven += by;
      if (organizationId === undefined) return;
      const used = (this.#usedBy.get(organizationId) ?? 0) + by;
      if (used === 0) this.#usedBy.delete(organizationId);
      else this.#usedBy.set(organizationId, used);
    };
    count(attempts);
    return () => count(-attempts);
  }

  /** Far from every bound: whoever takes a few beside `demands` passes none. */
  isHalfFree(organizationId: OrganizationId): boolean {
    const ofOrganization = this.#usedBy.get(organizationId) ?? 0;
    return this.#used < this.#most / 2 && ofOrganization < (this.#most * ORGANIZATION_SHARE) / 2;
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
    const budget = this.#budget();
    for (const lane of ready.inTurn()) {
      if (budget.isSpent) break;
      const { endpoint } = lane;
      const capacity = lane.capacity(monotonicNowMs);
      if (capacity === 0 || endpoint === undefined) {
        ready.delete(lane);
        continue;
      }
      const requests = Math.min(capacity, MAX_TAKE_PER_LANE, budget.free(lane, endpoint.organizationId));
      if (requests <= 0) continue;
      ready.delete(lane);
      try {
        const demand = demandOf(lane.endpointId, endpoint, { requests, collected: lane.collector?.size ?? 0 });
        budget.spend(lane, endpoint.organizationId, demand.limit);
        demands.push(demand);
      } catch (error) {
        onFault(lane, error);
        continue;
      }
      lane.due = false;
      lane.taking = true;
    }
    ready.turn();
    return demands;
  }

  /** Whether `demands` would ask for something. Looks at a bounded number of lanes. */
  mayDemand(ready: ReadyLanes, monotonicNowMs: Milliseconds): boolean {
    const budget = this.#budget();
    let looked = 0;
    for (const lane of ready.inTurn()) {
      if (budget.isSpent || looked++ === MAX_LOOKED_AT) return false;
      const { endpoint } = lane;
      if (endpoint === undefined || lane.capacity(monotonicNowMs) === 0) continue;
      if (budget.free(lane, endpoint.organizationId) > 0) return true;
    }
    return false;
  }

  #budget(): Budget {
    return new Budget(this.#most, {
      all: this.#used,
      suspects: this.#usedBySuspects,
      unproven: this.#usedByUnproven,
      organization: (id) => this.#usedBy.get(id) ?? 0,
    });
  }
}

interface Used {
  readonly all: number;
  readonly suspects: number;
  readonly unproven: number;
  readonly organization: (id: OrganizationId) => number;
}

/** What one taking may ask for. */
class Budget {
  readonly #most: number;
  readonly #organization: (id: OrganizationId) => number;
  readonly #asked = new Map<OrganizationId, number>();
  #all: number;
  #suspects: number;
  #unproven: number;

  constructor(most: number, used: Used) {
    this.#most = most;
    this.#organization = used.organization;
    this.#all = Math.min(MAX_TAKE, most - used.all);
    this.#suspects = most * SUSPECT_SHARE - used.suspects;
    this.#unproven = most * UNPROVEN_SHARE - used.unproven;
  }

  get isSpent(): boolean {
    return this.#all <= 0;
  }

  free(lane: Lane, organizationId: OrganizationId): number {
    const has = this.#organization(organizationId) + (this.#asked.get(organizationId) ?? 0);
    const bounds = [this.#all, this.#most * ORGANIZATION_SHARE - has];
    if (lane.suspect) bounds.push(this.#suspects);
    if (lane.suspect || !lane.proven) bounds.push(this.#unproven);
    // Many are unknown, so perhaps many hang: each shows with one attempt what it is.
    if (!lane.proven && this.#unproven < (UNPROVEN_SHARE - CROWD_SHARE) * this.#most) bounds.push(1 - lane.inFlight);
    return Math.floor(Math.min(...bounds));
  }

  spend(lane: Lane, organizationId: OrganizationId, requests: number): void {
    this.#all -= requests;
    if (lane.suspect) this.#suspects -= requests;
    if (lane.suspect || !lane.proven) this.#unproven -= requests;
    this.#asked.set(organizationId, (this.#asked.get(organizationId) ?? 0) + requests);
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
