import type { OrganizationId } from '../../../core/ids.ts';
import type { Lane } from './lane.ts';

/** Of all, for endpoints that hung lately. */
const DEGRADED_SHARE = 1 / 4;
/** For these and those that have answered nothing yet: the rest is for endpoints that are known to answer. */
export const UNPROVEN_SHARE = 3 / 4;
/** Above all that there is, for organizations that use nothing of it: others can't take everything from them. */
const RESERVE_SHARE = 1 / 4;

/** How much of one resource is used: by all, by lanes that hung, by lanes that nothing is known of, by each organization. */
export class FairShares {
  readonly #most: number;
  readonly #ofOrganization: number;
  #used = 0;
  #bySuspects = 0;
  #byUnproven = 0;
  readonly #by = new Map<OrganizationId, number>();

  /** @param organizationShare what one organization may have of it, of 1 */
  constructor(most: number, organizationShare: number) {
    this.#most = most;
    this.#ofOrganization = most * organizationShare;
  }

  add({ degraded, proven, organizationId }: User, amount: number): void {
    this.#used += amount;
    if (degraded) this.#bySuspects += amount;
    if (degraded || !proven) this.#byUnproven += amount;
    if (organizationId === undefined) return;
    const used = (this.#by.get(organizationId) ?? 0) + amount;
    if (used === 0) this.#by.delete(organizationId);
    else this.#by.set(organizationId, used);
  }

  /** What the lane may use beside what is used. @param least what an organization that has nothing gets in any case */
  free({ degraded, proven, organizationId }: User, least: number): number {
    const has = this.#usedBy(organizationId);
    const bounds = [this.#most - this.#used, this.#ofOrganization - has];
    if (degraded) bounds.push(this.#most * DEGRADED_SHARE - this.#bySuspects);
    if (degraded || !proven) bounds.push(this.#most * UNPROVEN_SHARE - this.#byUnproven);
    const free = Math.min(...bounds);
    const isReserved = proven && !degraded && has === 0 && this.#used < this.#most * (1 + RESERVE_SHARE);
    return isReserved ? Math.max(free, least) : free;
  }

  /** Left for lanes that nothing is known of. */
  get unprovenFree(): number {
    return this.#most * UNPROVEN_SHARE - this.#byUnproven;
  }

  /** Far from every bound. */
  isHalfFree(organizationId: OrganizationId): boolean {
    return this.#used < this.#most / 2 && this.#usedBy(organizationId) < this.#ofOrganization / 2;
  }

  #usedBy(organizationId: OrganizationId | undefined): number {
    return organizationId === undefined ? 0 : (this.#by.get(organizationId) ?? 0);
  }
}

/** A lane as it is when it begins to use something: the end of the use is counted as its beginning was. */
export interface User {
  readonly degraded: boolean;
  readonly proven: boolean;
  readonly organizationId: OrganizationId | undefined;
}

export function userOf({ degraded, proven, endpoint }: Lane): User {
  return { degraded, proven, organizationId: endpoint?.organizationId };
}
