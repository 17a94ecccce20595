import type { DeliveryStatus } from '../../core/delivery/delivery.ts';
import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';

/** What is sent again, or not at all, because somebody asked for it. */
export interface Redelivery {
  /**
   * A delivery that is done is due again, with all its attempts before it; one that waits for a retry is due now; one
   * that is due or being sent already is sent once more after that (ten times at most). Ids that are not the
   * organization's, or not in one of `statuses` (null = any), are passed over.
   * @returns how many
   */
  retry(
    organizationId: OrganizationId,
    ids: readonly DeliveryId[],
    statuses: readonly DeliveryStatus[] | null,
  ): Promise<number>;

  /**
   * Those that wait for their time (a retry, an event with a `deliver_at`) are due now. What is due, being sent, done, or not
   * the organization's is passed over. @returns how many
   */
  scheduleNow(organizationId: OrganizationId, ids: readonly DeliveryId[]): Promise<number>;

  /**
   * Ends a delivery that waits; an attempt under way ends unrecorded. A failed one that holds up its order may be canceled
   * too: those behind it go on. `final`: it was done; undefined: there is none.
   */
  cancel(organizationId: OrganizationId, id: DeliveryId): Promise<'canceled' | 'final' | undefined>;

  /** New deliveries of events that are on record; those whose id is there already are passed over. @returns how many */
  add(deliveries: readonly AddedDelivery[]): Promise<number>;

  /** A part of an organization's deliveries in one status, oldest first: for work that goes through them in steps. */
  find(query: DeliverySearch): Promise<readonly FoundDelivery[]>;
}

export interface AddedDelivery {
  readonly id: DeliveryId;
  readonly organizationId: OrganizationId;
  readonly eventId: EventId;
  readonly eventType: string;
  readonly endpointId: EndpointId;
  readonly orderingGroup: string | null;
  /** 0 = at once. */
  readonly dueAt: Timestamp;
}

export interface DeliverySearch {
  readonly organizationId: OrganizationId;
  readonly status: DeliveryStatus;
  /** null = all. */
  readonly endpointId: EndpointId | null;
  /** Created at or after, and before; null = no bound. */
  readonly from: Timestamp | null;
  readonly to: Timestamp | null;
  /** After this delivery. */
  readonly after: DeliveryId | null;
  readonly limit: number;
}

export interface FoundDelivery {
  readonly id: DeliveryId;
  readonly eventId: EventId;
  readonly eventType: string;
  readonly endpointId: EndpointId;
}
