import type { OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';

/** A request with an idempotency key. */
export interface KeyedRequest {
  readonly organizationId: OrganizationId;
  /** SHA-256 of the key, because a client's key may contain anything. */
  readonly keySha256: string;
  /** SHA-256 of the route and the body. */
  readonly fingerprint: string;
  /** Identifies this try, so that a later try cannot finish it. */
  readonly holder: string;
}

export interface KeptAnswer {
  readonly status: number;
  /** The answer, sealed by the caller of `finish`. */
  readonly sealed: string;
}

/** `begun`: this try performs the request and ends with `finish` or `forget`. */
export type BeginOutcome =
  | { readonly kind: 'begun' }
  | { readonly kind: 'running' }
  | { readonly kind: 'other' }
  | { readonly kind: 'done'; readonly answer: KeptAnswer };

/** Stores the first answers of requests with an idempotency key. */
export interface IdempotencyStore {
  /**
   * Lets one of all concurrent tries with a key begin.
   * `running`: an earlier try has not ended. `other`: the key belongs to a different request. `done`: the first answer.
   * @param now.expired keys that began before this time are ignored
   * @param now.abandoned a try of the same request that began before this time and has not ended counts as lost with
   * its process
   */
  begin(
    request: KeyedRequest,
    now: { readonly at: Timestamp; readonly expired: Timestamp; readonly abandoned: Timestamp },
  ): Promise<BeginOutcome>;
  /**
   * Stores the answer, durable when it resolves. No effect if another try holds the key by now. Removes an
   * organization's oldest keys beyond `MAX_IDEMPOTENCY_KEYS`.
   */
  finish(request: KeyedRequest, answer: KeptAnswer): Promise<void>;
  /** Frees the key, unless another try holds it by now. */
  forget(request: KeyedRequest): Promise<void>;
  /** Removes keys that began before a time, one bounded step. @returns how many were removed; fewer than `limit` = done */
  removeBefore(before: Timestamp, limit: number): Promise<number>;
}
