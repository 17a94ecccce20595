import type { DeliveryStatus } from '../../core/delivery/delivery.ts';
import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';

/** Retries, replays and cancellations on request. */
export interface Redelivery {
  /**
   * Makes deliveries due: a final one becomes due again and keeps its attempts; one that waits for a retry becomes due
   * now; one that is due or in flight is sent once more afterwards (at most ten times). Ids that are not the
   * organization's, or not in one of `statuses` (null = any), are ignored.
   * @returns how many
   */
  retry(
    organizationId: OrganizationId,
    ids: readonly DeliveryId[],
    statuses: readonly DeliveryStatus[] | null,
  ): Promise<number>;

  /**
   * Makes waiting deliveries (a retry, an event with a `deliver_at`) due now. Deliveries that are due, in flight,
   * final, or not the organization's are ignored. @returns how many
   */
  scheduleNow(organizationId: OrganizationId, ids: readonly DeliveryId[]): Promise<number>;

  /**
   * Cancels a waiting delivery; the outcome of an attempt in flight is not recorded. A failed delivery that blocks its
   * ordering group may be canceled too, which unblocks the group. `final`: the delivery was already final; undefined:
   * not found.
   */
  cancel(organizationId: OrganizationId, id: DeliveryId): Promise<'canceled' | 'final' | undefined>;

  /** Adds deliveries of recorded events; ids that exist already are ignored. @returns how many */
  add(deliveries: readonly AddedDelivery[]): Promise<number>;

  /** Returns one page of an organization's deliveries in one status, oldest first. */
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
