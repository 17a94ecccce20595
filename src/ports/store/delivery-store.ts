import type { Attempt, AttemptSummary, Delivery, DeliveryStatus } from '../../core/delivery/delivery.ts';
import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../../core/ids.ts';
import type { PageRequest } from './page.ts';

export interface DeliveryQuery extends PageRequest {
  readonly status: DeliveryStatus | null;
  readonly endpointId: EndpointId | null;
  readonly eventId: EventId | null;
  readonly type: string | null;
}

/** Reads the record of deliveries; `DeliveryQueue` changes them. */
export interface DeliveryStore {
  get(organizationId: OrganizationId, id: DeliveryId): Promise<Delivery | undefined>;
  list(organizationId: OrganizationId, query: DeliveryQuery): Promise<Delivery[]>;
  /** Every delivery of one event, oldest first. */
  ofEvent(organizationId: OrganizationId, eventId: EventId): Promise<Delivery[]>;
  /** Attempts in the order of their numbers. */
  attempts(organizationId: OrganizationId, id: DeliveryId): Promise<Attempt[]>;
  /** Attempts of listed deliveries, unordered. */
  attemptsOf(deliveries: readonly Delivery[]): Promise<AttemptSummary[]>;
}
