import type { OrganizationId } from '../../../core/ids.ts';
import type { Lane } from './lane.ts';

/** Share of the resource for degraded endpoints. */
const DEGRADED_SHARE = 1 / 4;
/** Share for degraded and unproven endpoints together; the rest is for endpoints that are known to answer. */
export const UNPROVEN_SHARE = 3 / 4;
/**
 * Extra share beyond the total, reserved for organizations that use nothing yet: other organizations cannot take
 * everything.
 */
const RESERVE_SHARE = 1 / 4;

/** Counts the use of one resource: in total, by degraded lanes, by unproven lanes, and by organization. */
export class FairShares {
  readonly #total: number;
  readonly #ofOrganization: number;
  #used = 0;
  #byDegraded = 0;
  #byUnproven = 0;
  readonly #by = new Map<OrganizationId, number>();

  /** @param organizationShare the part that one organization may use, between 0 and 1 */
  constructor(total: number, organizationShare: number) {
    this.#total = total;
    this.#ofOrganization = total * organizationShare;
  }

  add({ degraded, proven, organizationId }: User, amount: number): void {
    this.#used += amount;
    if (degraded) this.#byDegraded += amount;
    if (degraded || !proven) this.#byUnproven += amount;
    if (organizationId === undefined) return;
    const used = (this.#by.get(organizationId) ?? 0) + amount;
    if (used === 0) this.#by.delete(organizationId);
    else this.#by.set(organizationId, used);
  }

  /** Returns how much more the lane may use. @param least granted in any case to an organization that uses nothing */
  free({ degraded, proven, organizationId }: User, least: number): number {
    const usedByOrganization = this.#usedBy(organizationId);
    const bounds = [this.#total - this.#used, this.#ofOrganization - usedByOrganization];
    if (degraded) bounds.push(this.#total * DEGRADED_SHARE - this.#byDegraded);
    if (degraded || !proven) bounds.push(this.#total * UNPROVEN_SHARE - this.#byUnproven);
    const free = Math.min(...bounds);
    const isReserved =
      proven && !degraded && usedByOrganization === 0 && this.#used < this.#total * (1 + RESERVE_SHARE);
    return isReserved ? Math.max(free, least) : free;
  }

  /** The amount that remains for unproven lanes. */
  get unprovenFree(): number {
    return this.#total * UNPROVEN_SHARE - this.#byUnproven;
  }

  /** True when less than half of every bound is used. */
  isHalfFree(organizationId: OrganizationId): boolean {
    return this.#used < this.#total / 2 && this.#usedBy(organizationId) < this.#ofOrganization / 2;
  }

  #usedBy(organizationId: OrganizationId | undefined): number {
    return organizationId === undefined ? 0 : (this.#by.get(organizationId) ?? 0);
  }
}

/** A lane's state when a use begins; the end of the use is counted under the same state. */
export interface User {
  readonly degraded: boolean;
  readonly proven: boolean;
  readonly organizationId: OrganizationId | undefined;
}

export function userOf({ degraded, proven, endpoint }: Lane): User {
  return { degraded, proven, organizationId: endpoint?.organizationId };
}
