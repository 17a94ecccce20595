import type { Attempt, AttemptSummary, Delivery, DeliveryStatus } from '../../core/delivery/delivery.ts';
import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../../core/ids.ts';
import type { PageRequest } from './page.ts';

export interface DeliveryQuery extends PageRequest {
  readonly status: DeliveryStatus | null;
  readonly endpointId: EndpointId | null;
  readonly eventId: EventId | null;
  readonly type: string | null;
}

/** The record of deliveries, to look at; `DeliveryQueue` moves them. */
export interface DeliveryStore {
  get(organizationId: OrganizationId, id: DeliveryId): Promise<Delivery | undefined>;
  list(organizationId: OrganizationId, query: DeliveryQuery): Promise<Delivery[]>;
  /** Every delivery of one event, oldest first. */
  ofEvent(organizationId: OrganizationId, eventId: EventId): Promise<Delivery[]>;
  /** In the order of their numbers. */
  attempts(organizationId: OrganizationId, id: DeliveryId): Promise<Attempt[]>;
  /** Of deliveries that were listed; in no order. */
  attemptsOf(deliveries: readonly Delivery[]): Promise<AttemptSummary[]>;
}
