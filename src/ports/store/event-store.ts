import type { AcceptedEvent } from '../../core/events/event.ts';
import type { EventId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';
import type { ByteBound, PageRequest } from './page.ts';

export interface EventQuery extends PageRequest, ByteBound {
  readonly type: string | null;
}

/** The record of events. Another organization's id is undefined, exactly as one that never was. */
export interface EventStore {
  get(organizationId: OrganizationId, id: EventId): Promise<AcceptedEvent | undefined>;

  /** Newest first; `type` exactly. Cost does not grow with what is stored. */
  list(organizationId: OrganizationId, query: EventQuery): Promise<AcceptedEvent[]>;

  /** Those with a higher id, oldest first. Cost grows with `limit` and with the days from there on, not with their events. */
  after(organizationId: OrganizationId, id: EventId, limit: number, maxBytes?: number): Promise<AcceptedEvent[]>;

  /** The types of an organization's events, in order, those after `after`; `events` counts up to `countUpTo`. */
  types(
    organizationId: OrganizationId,
    page: { readonly after: string; readonly limit: number; readonly countUpTo: number },
  ): Promise<{ readonly type: string; readonly lastId: EventId; readonly events: number }[]>;

  /**
   * One small step of retention: removes events created before `before`, with their deliveries, attempts and inbox
   * state, and dedup marks that ran out. Events that still wait for a delivery stay. Starts where an earlier step stopped
   * (`after`, the engine's own mark; null = at the beginning) and says where it stopped; null = all done.
   */
  removeStep(args: {
    before: Timestamp;
    after: string | null;
    limit: number;
  }): Promise<{ readonly removed: number; readonly after: string | null }>;
}
