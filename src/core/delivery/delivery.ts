import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../ids.ts';
import type { Milliseconds, Timestamp } from '../time.ts';

export const DELIVERY_STATUSES = ['pending', 'retrying', 'delivered', 'failed', 'canceled', 'skipped'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** One event for one endpoint. */
export interface Delivery {
  readonly id: DeliveryId;
  readonly organizationId: OrganizationId;
  readonly eventId: EventId;
  readonly endpointId: EndpointId;
  readonly eventType: string;
  readonly status: DeliveryStatus;
  /** Attempts begun, those included whose end was never learned (the process was killed). */
  readonly attempts: number;
  /** Null when final. */
  readonly nextAttemptAt: Timestamp | null;
  readonly lastStatusCode: number | null;
  readonly lastError: AttemptError | null;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

/** What fan-out makes: a delivery that does not exist yet. */
export interface NewDelivery {
  readonly id: DeliveryId;
  readonly endpointId: EndpointId;
  /** `pending`, or `skipped` where the endpoint is disabled. */
  readonly status: 'pending' | 'skipped';
  /** Those of one group and endpoint are sent one after the other, by their ids; null = side by side. */
  readonly orderingGroup: string | null;
}

/** One try of a push delivery. */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
  readonly startedAt: Timestamp;
  readonly durationMs: Milliseconds;
  readonly statusCode: number | null;
  readonly error: AttemptError | null;
  /** What exactly was wrong, in words; null where `error` says it all. */
  readonly errorDetail: string | null;
  /** The first 4 KB of what the receiver answered, as text. */
  readonly responseExcerpt: string | null;
}

/** An attempt without what was answered: many are looked at together. */
export interface AttemptSummary extends Omit<Attempt, 'responseExcerpt'> {
  readonly deliveryId: DeliveryId;
}

/**
 * Why an attempt failed, in one word of this list (docs/GUIDES.md explains each):
 * `status` an answer that is not 2xx · `timeout` no answer in time · `connection_refused`, `connection_reset`,
 * `connection_failed` · `dns_failed` the name has no address · `tls_failed` certificate or handshake ·
 * `invalid_response` not HTTP · `headers_too_large` · `address_not_allowed` the name leads where we may not go ·
 * `interrupted` this process ended, or was stopped, during the attempt · `internal` an unexpected error of the service: no request
 * was made · `local` our own fault (descriptors, memory, ports, shutdown):
 * never recorded, the delivery is given back.
 */
export const ATTEMPT_ERRORS = [
  'status',
  'timeout',
  'connection_refused',
  'connection_reset',
  'connection_failed',
  'dns_failed',
  'tls_failed',
  'invalid_response',
  'headers_too_large',
  'address_not_allowed',
  'interrupted',
  'internal',
  'local',
] as const;
export type AttemptError = (typeof ATTEMPT_ERRORS)[number];

/** What one request came to. */
export interface AttemptOutcome {
  readonly statusCode: number | null;
  /** Null exactly when the status is 2xx. */
  readonly error: AttemptError | null;
  /** What exactly was wrong, in words; null where `error` says it all. */
  readonly errorDetail: string | null;
  readonly durationMs: Milliseconds;
  readonly responseExcerpt: string | null;
  /** The receiver's `Retry-After` as a pause from now, unbounded; null when absent or unreadable. */
  readonly retryAfterMs: Milliseconds | null;
}
