import type { EndpointId, OrganizationId } from './ids.ts';
import type { Milliseconds, Timestamp } from './time.ts';

/** `paused` holds what arrives and delivers it when resumed; `disabled` records it as `skipped`. */
export type EndpointStatus = 'active' | 'paused' | 'disabled';

/** Why the service itself stopped an endpoint. The user's own pause has no reason. */
export type DisabledReason = 'gone' | 'failing';

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  /** Pause before the second attempt, the third, …; the last one repeats. */
  readonly schedule: readonly Milliseconds[];
}

/** A webhook address that wants events. */
export interface Endpoint {
  readonly id: EndpointId;
  readonly organizationId: OrganizationId;
  readonly url: string;
  readonly description: string;
  /** Patterns (`matchesEventType`); empty = all. */
  readonly eventTypes: readonly string[];
  /** Sent with every request, after ours were made sure of. */
  readonly headers: Readonly<Record<string, string>>;
  readonly maxConcurrency: number;
  readonly retryPolicy: RetryPolicy;
  /** Over the whole attempt: name, connection, headers, body. */
  readonly timeoutMs: Milliseconds;
  readonly status: EndpointStatus;
  readonly disabledReason: DisabledReason | null;
  /** `whsec_` and base64 of 32 bytes. */
  readonly secret: string;
  /** After a rotation both secrets sign until then. */
  readonly previousSecret: { readonly secret: string; readonly expiresAt: Timestamp } | null;
  /** The one that `POST /api/webhook/config` sets; at most one an organization. */
  readonly isDefault: boolean;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}
