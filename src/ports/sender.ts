import type { AttemptOutcome } from '../core/delivery/delivery.ts';
import type { EndpointId, OrganizationId } from '../core/ids.ts';
import type { Milliseconds } from '../core/time.ts';

/** One request to a receiver, complete but for the headers that belong to the connection. */
export interface OutgoingRequest {
  /** Connections are pooled by endpoint: one receiver's slow path can't hold another's. */
  readonly endpointId: EndpointId;
  /** Whose it is: what is costly is done in turns between organizations. */
  readonly organizationId?: OrganizationId;
  readonly url: string;
  /** Lower-case names; signed already. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** `body` in UTF-8, where several requests share it: none of them makes its own. */
  readonly bodyBytes?: Buffer;
  /** Over everything: name, connection, TLS, headers, the excerpt of the body. */
  readonly timeoutMs: Milliseconds;
  /** For receivers that ask who connects (mTLS). */
  readonly clientCertificate?: ClientCertificate | null;
}

/** PEM texts. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly key: string;
}

export type AddressVerdict =
  | { readonly kind: 'allowed' }
  /** The sentence says what is wrong with the address, and no more than the one who wrote it knows. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Posts one webhook. */
export interface Sender {
  /**
   * Never rejects: whatever the receiver does is an outcome. The outcome is fixed at the status line; at most 64 KB of
   * the body are read and 4 KB kept. Redirects are not followed. The address that was checked is the one connected to.
   */
  send(request: OutgoingRequest): Promise<AttemptOutcome>;

  /**
   * For creation: may this URL be a receiver? An address is judged; a name is not resolved, so that the answer tells nobody
   * which names there are inside: what it leads to is checked at every connection.
   */
  checkUrl(url: string): Promise<AddressVerdict>;

  /** Drops the connections kept for an endpoint that is gone or has changed. */
  forget(endpointId: EndpointId): void;

  /**
   * Ends idle connections at once, those in use after `graceMs`; their requests end as `interrupted` when anything of them
   * has left, as `local` otherwise.
   */
  close(graceMs: Milliseconds): Promise<void>;
}
