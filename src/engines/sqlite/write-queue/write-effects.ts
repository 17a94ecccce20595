import type { EndpointId, OrganizationId } from '../../../core/ids.ts';
import type { ClaimedDelivery } from '../../../ports/record/delivery-queue.ts';
import type { QuarantinedMessages } from '../../../ports/store/inbox-store.ts';

/** What a write changes outside the database. Held back until its commit, forgotten with its rollback. */
export class WriteEffects {
  /** By how many the number of waiting deliveries changes. */
  waiting = 0;
  /** Deliveries that were written as taken. */
  readonly taken: ClaimedDelivery[] = [];
  /** Of them, by lane. */
  readonly #takenOf = new Map<EndpointId, number>();
  /** Begins with what was taken, once it is on the disk. */
  startTaken: (() => void) | undefined;
  /**
   * Whether new deliveries may be taken: in a transaction that runs once and in one turn of the loop, so that room which was
   * there still is at the commit.
   */
  readonly mayTake: boolean;
  /** Lanes that may have something due. */
  readonly dueEndpoints = new Set<EndpointId>();
  /** Whose inboxes may have something new. */
  readonly availableOrganizations = new Set<OrganizationId>();
  /** Messages of inboxes that were set aside. */
  readonly quarantined: QuarantinedMessages[] = [];

  constructor(mayTake = false) {
    this.mayTake = mayTake;
  }

  take(delivery: ClaimedDelivery): void {
    this.taken.push(delivery);
    this.#takenOf.set(delivery.endpointId, this.takenOf(delivery.endpointId) + 1);
  }

  takenOf(endpointId: EndpointId): number {
    return this.#takenOf.get(endpointId) ?? 0;
  }

  add(other: WriteEffects): void {
    this.waiting += other.waiting;
    for (const id of other.dueEndpoints) this.dueEndpoints.add(id);
    for (const id of other.availableOrganizations) this.availableOrganizations.add(id);
    this.quarantined.push(...other.quarantined);
  }
}
