import type { EventId, OrganizationId } from '../ids.ts';
import type { JsonText } from '../json/json-text.ts';
import type { Timestamp } from '../time.ts';

/** An accepted event: the client's fields and those added at acceptance. Immutable. */
export interface AcceptedEvent {
  /** UUIDv7, made before the first try to store the event and kept in every internal retry. Also the `webhook-id`. */
  readonly id: EventId;
  readonly organizationId: OrganizationId;
  readonly type: string;
  readonly data: JsonText;
  readonly dedupId: string | null;
  readonly orderingKey: string | null;
  /** Earliest delivery time; the event is visible at once. */
  readonly deliverAt: Timestamp | null;
  readonly createdAt: Timestamp;
  /** The W3C trace context; null = not traced. */
  readonly traceparent: string | null;
  /** Number of this service's webhooks that the request had passed through; bounds loops. */
  readonly hops: number;
}
