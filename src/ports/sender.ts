import type { AttemptOutcome } from '../core/delivery/delivery.ts';
import type { EndpointId, OrganizationId } from '../core/ids.ts';
import type { Milliseconds } from '../core/time.ts';

/** One request to a receiver, complete except for the connection's own headers. */
export interface OutgoingRequest {
  /** Connections are pooled by endpoint, so that a slow receiver delays no other. */
  readonly endpointId: EndpointId;
  /** The owner: costly work takes turns between organizations. */
  readonly organizationId?: OrganizationId;
  readonly url: string;
  /** Lower-case names, signature included. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** `body` in UTF-8, where several requests share one buffer. */
  readonly bodyBytes?: Buffer;
  /** Timeout of the whole attempt: name lookup, connection, TLS, headers, and the excerpt of the body. */
  readonly timeoutMs: Milliseconds;
  /** For receivers that require a client certificate (mTLS). */
  readonly clientCertificate?: ClientCertificate | null;
}

/** Certificate and private key as PEM text. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly key: string;
}

export type AddressVerdict =
  | { readonly kind: 'allowed' }
  /** `reason` says what is wrong with the address, and reveals nothing that its author does not know. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Sends webhooks. */
export interface Sender {
  /**
   * Sends one request. Never rejects: everything a receiver does is an outcome. The status line fixes the outcome; at
   * most 64 KB of the body are read and 4 KB kept. Redirects are not followed. The address that was checked is the
   * address connected to.
   */
  send(request: OutgoingRequest): Promise<AttemptOutcome>;

  /**
   * Checks a URL when an endpoint is created or changed. Addresses are checked; names are not resolved, so that the
   * answer does not reveal which internal names exist. Each connection checks the resolved addresses.
   */
  checkUrl(url: string): Promise<AddressVerdict>;

  /** Closes the idle connections of an endpoint that was removed or changed. */
  forget(endpointId: EndpointId): void;

  /**
   * Closes idle connections at once and busy ones after `graceMs`. A request that was partly sent then ends as
   * `interrupted`, an unsent one as `local`.
   */
  close(graceMs: Milliseconds): Promise<void>;
}
