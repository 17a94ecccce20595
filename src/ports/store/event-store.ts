import type { AcceptedEvent } from '../../core/events/event.ts';
import type { EventId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';
import type { ByteBound, PageRequest } from './page.ts';

export interface EventQuery extends PageRequest, ByteBound {
  readonly type: string | null;
}

/** The record of events. An id of another organization is answered like one that never existed. */
export interface EventStore {
  get(organizationId: OrganizationId, id: EventId): Promise<AcceptedEvent | undefined>;

  /** Newest first; `type` matches exactly. The cost does not grow with stored history. */
  list(organizationId: OrganizationId, query: EventQuery): Promise<AcceptedEvent[]>;

  /**
   * Events with a higher id, oldest first. The cost grows with `limit` and with the number of days since `id`, not with
   * their events.
   */
  after(organizationId: OrganizationId, id: EventId, limit: number, maxBytes?: number): Promise<AcceptedEvent[]>;

  /** An organization's event types in order, after `after`; `events` counts up to `countUpTo`. */
  types(
    organizationId: OrganizationId,
    page: { readonly after: string; readonly limit: number; readonly countUpTo: number },
  ): Promise<{ readonly type: string; readonly lastId: EventId; readonly events: number }[]>;

  /**
   * One small step of retention: removes events created before `before` with their deliveries, attempts and inbox
   * state, and expired dedup marks. Events with a waiting delivery stay. `after` is the engine's own cursor from the
   * previous step, null = start; a null result = done.
   */
  removeStep(args: {
    before: Timestamp;
    after: string | null;
    limit: number;
  }): Promise<{ readonly removed: number; readonly after: string | null }>;
}
