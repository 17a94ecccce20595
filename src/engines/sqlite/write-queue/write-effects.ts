import type { EndpointId, OrganizationId } from '../../../core/ids.ts';
import type { ClaimedDelivery } from '../../../ports/record/delivery-queue.ts';
import type { QuarantinedMessages } from '../../../ports/store/inbox-store.ts';

/** A write's effects outside of the database: applied after its commit, discarded with its rollback. */
export class WriteEffects {
  /** Change of the number of waiting deliveries. */
  waiting = 0;
  /** Deliveries that were written as claimed. */
  readonly claimed: ClaimedDelivery[] = [];
  /** Number of them by lane. */
  readonly #claimsByLane = new Map<EndpointId, number>();
  /** Starts the claimed deliveries once they are on disk. */
  startClaimed: (() => void) | undefined;
  /**
   * Whether new deliveries may be claimed: only in a transaction that runs once and within one turn of the event loop,
   * so that capacity seen during it still exists at the commit.
   */
  readonly canClaim: boolean;
  /** Lanes that may have a due delivery. */
  readonly dueEndpoints = new Set<EndpointId>();
  /** Organizations whose inboxes may have new messages. */
  readonly availableOrganizations = new Set<OrganizationId>();
  /** Messages that were quarantined. */
  readonly quarantined: QuarantinedMessages[] = [];

  constructor(canClaim = false) {
    this.canClaim = canClaim;
  }

  claim(delivery: ClaimedDelivery): void {
    this.claimed.push(delivery);
    this.#claimsByLane.set(delivery.endpointId, this.claimsOf(delivery.endpointId) + 1);
  }

  claimsOf(endpointId: EndpointId): number {
    return this.#claimsByLane.get(endpointId) ?? 0;
  }

  add(other: WriteEffects): void {
    this.waiting += other.waiting;
    for (const id of other.dueEndpoints) this.dueEndpoints.add(id);
    for (const id of other.availableOrganizations) this.availableOrganizations.add(id);
    this.quarantined.push(...other.quarantined);
  }
}
