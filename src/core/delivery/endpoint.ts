import type { EventFilter } from '../filter/filter.ts';
import type { EndpointId, OrganizationId } from '../ids.ts';
import type { Milliseconds, Timestamp } from '../time.ts';

/** `paused` holds what arrives and delivers it when resumed; `disabled` records it as `skipped`. */
export type EndpointStatus = 'active' | 'paused' | 'disabled';

/** Why the service itself stopped an endpoint. The user's own pause has no reason. */
export type DisabledReason =
  | 'gone'
  | 'failing'
  /** Its row cannot be read (`unreadableEndpoint`). */
  | 'unreadable';

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  /** Pause before the second attempt, the third, …; the last one repeats. */
  readonly schedule: readonly Milliseconds[];
}

/** How an endpoint wants its events. Stored as one JSON text, so that a new option needs no migration. */
export interface DeliveryOptions {
  /** Attempts a second at most, over all processes; null = as many as its concurrency allows. */
  readonly rateLimit: number | null;
  /** No attempt is planned for later than so long after the event; null = the schedule alone says when it is enough. */
  readonly retryDeadlineMs: Milliseconds | null;
  /** One at a time in the order of acceptance: all of them, or those of one `ordering_key`. */
  readonly ordered: boolean | 'by_key';
  /** What a delivery that failed for good does to those behind it in the order. */
  readonly onFailed: 'skip' | 'block';
  readonly filter: EventFilter | null;
  /** Several events in one request: sent when so many are there, or the first has waited so long. */
  readonly batch: { readonly maxEvents: number; readonly maxWaitMs: Milliseconds } | null;
  /** Standard Webhooks' schemes: HMAC-SHA256, Ed25519. */
  readonly signatures: readonly SignatureScheme[];
  /** `whsk_…`, made when `v1a` is first asked for. */
  readonly signingKey: string | null;
  /** After a rotation both keys sign until then. */
  readonly previousSigningKey: { readonly signingKey: string; readonly expiresAt: Timestamp } | null;
  /** What a receiver gets: our own body, or a CloudEvent in structured mode. */
  readonly format: 'standard' | 'cloudevents';
  /** PEM texts, for receivers that ask who connects (mTLS). */
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

/** An error of the service, not of the receiver. The message names no value. */
export interface EndpointFault {
  readonly at: Timestamp;
  readonly message: string;
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
  readonly options: DeliveryOptions;
  /** Over the whole attempt: name, connection, headers, body. */
  readonly timeoutMs: Milliseconds;
  readonly status: EndpointStatus;
  readonly disabledReason: DisabledReason | null;
  /** Since when every attempt has failed; null while some succeed. Known within an hour or so. */
  readonly failingSince: Timestamp | null;
  /** The last unexpected error of our own that was kept to this endpoint, since it was last changed. */
  readonly lastFault: EndpointFault | null;
  /** `whsec_` and base64 of 32 bytes. */
  readonly secret: string;
  /** After a rotation both secrets sign until then. */
  readonly previousSecret: { readonly secret: string; readonly expiresAt: Timestamp } | null;
  /** The one that `POST /api/webhook/config` sets; at most one an organization. */
  readonly isDefault: boolean;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

/**
 * Stands for an endpoint whose row cannot be read, so that the fault stays with this one endpoint: it is shown, can be
 * removed, and gets no request. It is never written back.
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
 * Changes with each endpoint that is made, changed or removed; the same as `EndpointStore.revision` of the same endpoints. The
 * sum of times is beyond what a number holds exactly. A time written by hand may have a fraction.
 * @param endpoints all of an organization, by id
 */
export function endpointsRevision(endpoints: readonly Endpoint[]): string {
  const sum = endpoints.reduce((total, { updatedAt }) => total + BigInt(Math.trunc(updatedAt)), 0n);
  return `${endpoints.length}-${sum}-${endpoints.at(-1)?.id ?? ''}`;
}
