import type { EventFilter } from '../filter/filter.ts';
import type { EndpointId, OrganizationId } from '../ids.ts';
import type { Milliseconds, Timestamp } from '../time.ts';

/** `paused` keeps new deliveries and sends them when resumed; `disabled` records them as `skipped`. */
export type EndpointStatus = 'active' | 'paused' | 'disabled';

/** Why the service disabled an endpoint. A user's own pause has no reason. */
export type DisabledReason =
  | 'gone'
  | 'failing'
  /** Its row cannot be read (`unreadableEndpoint`). */
  | 'unreadable';

export interface RetryPolicy {
  /** Maximum number of attempts, including the first. */
  readonly maxAttempts: number;
  /** The delay before the second attempt, the third, …; the last delay repeats. */
  readonly schedule: readonly Milliseconds[];
}

/** Delivery options of an endpoint. Stored as one JSON text, so that a new option needs no migration. */
export interface DeliveryOptions {
  /** Maximum attempts per second over all processes; null = limited by concurrency only. */
  readonly rateLimit: number | null;
  /** No attempt is scheduled later than this after the event; null = the schedule alone decides. */
  readonly retryDeadlineMs: Milliseconds | null;
  /** Sends one delivery at a time, in the order of acceptance: all deliveries, or those with the same `ordering_key`. */
  readonly ordered: boolean | 'by_key';
  /** What a failed delivery does to later ones of its ordering group. */
  readonly onFailed: 'skip' | 'block';
  readonly filter: EventFilter | null;
  /** Batching: a request is sent when it has `maxEvents`, or when its first event has waited `maxWaitMs`. */
  readonly batch: { readonly maxEvents: number; readonly maxWaitMs: Milliseconds } | null;
  /** Signature schemes of Standard Webhooks: `v1` is HMAC-SHA256, `v1a` Ed25519. */
  readonly signatures: readonly SignatureScheme[];
  /** The Ed25519 key (`whsk_…`), created when `v1a` is first requested. */
  readonly signingKey: string | null;
  /** After a rotation both keys sign until `expiresAt`. */
  readonly previousSigningKey: { readonly signingKey: string; readonly expiresAt: Timestamp } | null;
  /** The body's format: Standard Webhooks, or a CloudEvent in structured mode. */
  readonly format: 'standard' | 'cloudevents';
  /** PEM texts, for receivers that require a client certificate (mTLS). */
  readonly clientCertificate: { readonly certificate: string; readonly key: string } | null;
}

export type SignatureScheme = 'v1' | 'v1a';

export const DEFAULT_OPTIONS: DeliveryOptions = {
  rateLimit: null,
  retryDeadlineMs: null,
  ordered: false,
  onFailed: 'skip',
  filter: null,
  batch: null,
  signatures: ['v1'],
  signingKey: null,
  previousSigningKey: null,
  format: 'standard',
  clientCertificate: null,
};

/** An unexpected error of the service, not of the receiver. The message contains no values. */
export interface EndpointFault {
  readonly at: Timestamp;
  readonly message: string;
}

/** A webhook endpoint: a URL that receives events. */
export interface Endpoint {
  readonly id: EndpointId;
  readonly organizationId: OrganizationId;
  readonly url: string;
  readonly description: string;
  /** Patterns (`matchesEventType`); empty = all. */
  readonly eventTypes: readonly string[];
  /** Custom headers of every request. The service's own headers take precedence. */
  readonly headers: Readonly<Record<string, string>>;
  readonly maxConcurrency: number;
  readonly retryPolicy: RetryPolicy;
  readonly options: DeliveryOptions;
  /** Timeout of the whole attempt: name lookup, connection, headers, body. */
  readonly timeoutMs: Milliseconds;
  readonly status: EndpointStatus;
  readonly disabledReason: DisabledReason | null;
  /** Since when every attempt has failed, accurate to about an hour; null while some succeed. */
  readonly failingSince: Timestamp | null;
  /** The last unexpected error of the service for this endpoint, cleared when the endpoint changes. */
  readonly lastFault: EndpointFault | null;
  /** `whsec_` and base64 of 32 bytes. */
  readonly secret: string;
  /** After a rotation both secrets sign until `expiresAt`. */
  readonly previousSecret: { readonly secret: string; readonly expiresAt: Timestamp } | null;
  /** The endpoint that `POST /api/webhook/config` sets; at most one per organization. */
  readonly isDefault: boolean;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

/**
 * Represents an endpoint whose row cannot be read, so that the fault affects only this endpoint: it is listed, can be
 * removed, and gets no requests. It is never written back.
 */
export function unreadableEndpoint(
  known: Pick<Endpoint, 'id' | 'organizationId' | 'createdAt' | 'updatedAt'> & { readonly url?: string },
): Endpoint {
  return {
    url: '',
    ...known,
    description: '',
    eventTypes: [],
    headers: {},
    maxConcurrency: 1,
    retryPolicy: { maxAttempts: 1, schedule: [] },
    options: DEFAULT_OPTIONS,
    timeoutMs: 1_000,
    status: 'disabled',
    disabledReason: 'unreadable',
    failingSince: null,
    lastFault: null,
    secret: '',
    previousSecret: null,
    isDefault: false,
  };
}

/**
 * A value that changes whenever an endpoint is created, changed or removed; equal to `EndpointStore.revision` for the
 * same endpoints. The sum of times exceeds what a number holds exactly, and a time written by hand may have a fraction.
 * @param endpoints all endpoints of an organization, in id order
 */
export function endpointsRevision(endpoints: readonly Endpoint[]): string {
  const sum = endpoints.reduce((total, { updatedAt }) => total + BigInt(Math.trunc(updatedAt)), 0n);
  return `${endpoints.length}-${sum}-${endpoints.at(-1)?.id ?? ''}`;
}
