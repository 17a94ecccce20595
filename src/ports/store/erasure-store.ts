import type { ErasureRule } from '../../core/administration/erasure.ts';
import type { EventId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';

/** Takes an organization's data away in bounded steps, and remembers what is to go. */
export interface ErasureStore {
  /** @returns undefined when there is no such organization, or it is deleted */
  get(organizationId: OrganizationId): Promise<ErasureRule | undefined>;

  /**
   * Changes only what is named. A deleted organization is gone for everybody at once: its keys, its name in lists.
   * @returns whether there was one that was not deleted
   */
  put(organizationId: OrganizationId, change: Partial<Omit<ErasureRule, 'organizationId'>>): Promise<boolean>;

  /** Takes `erasedBefore` back, if it is that still: all has gone. */
  finish(organizationId: OrganizationId, erasedBefore: Timestamp): Promise<void>;

  /** Rules that ask for something, by the ids of their organizations, those after `after`. */
  list(after: OrganizationId | null, limit: number): Promise<ErasureRule[]>;

  /** Ids of events created before, oldest first, those after `after`. Cost grows with `limit` alone. */
  events(
    organizationId: OrganizationId,
    range: { readonly before: Timestamp; readonly after: EventId | null; readonly limit: number },
  ): Promise<EventId[]>;

  /**
   * Removes events with their deliveries, attempts and what inboxes know of them. One that still waits for a delivery
   * stays, and so does what is another organization's. Dedup marks stay until they run out. @returns how many left
   */
  removeEvents(organizationId: OrganizationId, ids: readonly EventId[]): Promise<number>;

  /** A deleted organization, whose events have gone, with everything that it had. */
  removeOrganization(organizationId: OrganizationId): Promise<void>;
}
