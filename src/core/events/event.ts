import type { EventId, OrganizationId } from '../ids.ts';
import type { JsonText } from '../json/json-text.ts';
import type { Timestamp } from '../time.ts';

/** What a client sent, with what acceptance added. Never changes afterwards. */
export interface AcceptedEvent {
  /** UUIDv7, made before the first try to store it, the same on every retry inside. Also the `webhook-id`. */
  readonly id: EventId;
  readonly organizationId: OrganizationId;
  readonly type: string;
  readonly data: JsonText;
  readonly dedupId: string | null;
  readonly orderingKey: string | null;
  /** Visible at once, delivered not before. */
  readonly deliverAt: Timestamp | null;
  readonly createdAt: Timestamp;
  /** The client's W3C trace context, if it sent one. */
  readonly traceparent: string | null;
  /** How many of this service's own webhooks the request had passed through; bounds loops. */
  readonly hops: number;
}
