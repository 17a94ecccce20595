import type { ErasureRule } from '../../core/administration/erasure.ts';
import type { EventId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';

/** Erases an organization's data in bounded steps, and stores the erasure rules. */
export interface ErasureStore {
  /** @returns undefined when the organization does not exist or is deleted */
  get(organizationId: OrganizationId): Promise<ErasureRule | undefined>;

  /**
   * Changes the named fields of a rule. A deleted organization disappears at once: its keys are invalid, and lists omit
   * it.
   * @returns whether the organization existed and was not deleted
   */
  put(organizationId: OrganizationId, change: Partial<Omit<ErasureRule, 'organizationId'>>): Promise<boolean>;

  /** Clears `erasedBefore` if it still has this value: the erasure is complete. */
  finish(organizationId: OrganizationId, erasedBefore: Timestamp): Promise<void>;

  /** Rules that require work, in the order of organization ids, after `after`. */
  list(after: OrganizationId | null, limit: number): Promise<ErasureRule[]>;

  /** Ids of events created before a time, oldest first, after `after`. The cost grows with `limit` only. */
  events(
    organizationId: OrganizationId,
    range: { readonly before: Timestamp; readonly after: EventId | null; readonly limit: number },
  ): Promise<EventId[]>;

  /**
   * Removes events with their deliveries, attempts and inbox state. Events with a waiting delivery and events of other
   * organizations stay. Dedup marks stay until they expire. @returns how many were removed
   */
  removeEvents(organizationId: OrganizationId, ids: readonly EventId[]): Promise<number>;

  /** Removes a deleted organization and everything it had; its events have been erased before. */
  removeOrganization(organizationId: OrganizationId): Promise<void>;
}
