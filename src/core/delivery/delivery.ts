import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../ids.ts';
import type { Milliseconds, Timestamp } from '../time.ts';

export const DELIVERY_STATUSES = ['pending', 'retrying', 'delivered', 'failed', 'canceled', 'skipped'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** The delivery of one event to one endpoint. */
export interface Delivery {
  readonly id: DeliveryId;
  readonly organizationId: OrganizationId;
  readonly eventId: EventId;
  readonly endpointId: EndpointId;
  readonly eventType: string;
  readonly status: DeliveryStatus;
  /** Attempts started, including those whose outcome is unknown because the process was killed. */
  readonly attempts: number;
  /** Null when final. */
  readonly nextAttemptAt: Timestamp | null;
  readonly lastStatusCode: number | null;
  readonly lastError: AttemptError | null;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

/** A delivery as fan-out creates it, before it is stored. */
export interface NewDelivery {
  readonly id: DeliveryId;
  readonly endpointId: EndpointId;
  /** `pending`, or `skipped` where the endpoint is disabled. */
  readonly status: 'pending' | 'skipped';
  /** Deliveries of one group and endpoint are sent one after the other, in id order; null = concurrently. */
  readonly orderingGroup: string | null;
}

/** One attempt of a delivery. */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
  readonly startedAt: Timestamp;
  readonly durationMs: Milliseconds;
  readonly statusCode: number | null;
  readonly error: AttemptError | null;
  /** Details of the error in words; null where `error` says everything. */
  readonly errorDetail: string | null;
  /** The first 4 KB of the response body, as text. */
  readonly responseExcerpt: string | null;
}

/** An attempt without the response, for lists. */
export interface AttemptSummary extends Omit<Attempt, 'responseExcerpt'> {
  readonly deliveryId: DeliveryId;
}

/**
 * Why an attempt failed (docs/GUIDES.md explains each):
 * `status` the status is not 2xx · `timeout` no response in time · `connection_refused`, `connection_reset`,
 * `connection_failed` · `dns_failed` the name has no address · `tls_failed` certificate or handshake ·
 * `invalid_response` not HTTP · `headers_too_large` · `address_not_allowed` the name resolves to a forbidden address ·
 * `interrupted` this process ended or was stopped during the attempt · `internal` an unexpected error of the service,
 * no request was made · `local` a fault of this machine (descriptors, memory, ports, shutdown): never recorded, the
 * delivery is released.
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

/** The outcome of one request. */
export interface AttemptOutcome {
  readonly statusCode: number | null;
  /** Null exactly when the status is 2xx. */
  readonly error: AttemptError | null;
  /** Details of the error in words; null where `error` says everything. */
  readonly errorDetail: string | null;
  readonly durationMs: Milliseconds;
  readonly responseExcerpt: string | null;
  /** The receiver's `Retry-After` as a delay from now, unbounded; null when absent or unreadable. */
  readonly retryAfterMs: Milliseconds | null;
}
