import type { EndpointId, OrganizationId } from '../../core/ids.ts';

/** What a write changes outside the database. Held back until its commit, forgotten with its rollback. */
export class WriteEffects {
  /** By how many the number of waiting deliveries changes. */
  waiting = 0;
  /** Lanes that may have something due. */
  readonly dueEndpoints = new Set<EndpointId>();
  /** Whose inboxes may have something new. */
  readonly availableOrganizations = new Set<OrganizationId>();

  add(other: WriteEffects): void {
    this.waiting += other.waiting;
    for (const id of other.dueEndpoints) this.dueEndpoints.add(id);
    for (const id of other.availableOrganizations) this.availableOrganizations.add(id);
  }
}
