import type { OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';

/** A request under an idempotency key. */
export interface KeyedRequest {
  readonly organizationId: OrganizationId;
  /** SHA-256 of the key: what a client names may be anything. */
  readonly keySha256: string;
  /** What was asked: SHA-256 of route and body. */
  readonly fingerprint: string;
  /** Of this one try, so that a later one never ends it. */
  readonly holder: string;
}

export interface KeptAnswer {
  readonly status: number;
  /** As the caller of `finish` sealed it. */
  readonly sealed: string;
}

/** `begun`: this try makes the request, and ends with `finish` or `forget`. */
export type BeginOutcome =
  | { readonly kind: 'begun' }
  | { readonly kind: 'running' }
  | { readonly kind: 'other' }
  | { readonly kind: 'done'; readonly answer: KeptAnswer };

/** First answers of requests that came with an idempotency key. */
export interface IdempotencyStore {
  /**
   * Of all tries with a key, one begins, however many come at once and wherever.
   * `running`: an earlier one has not ended. `other`: the key stands for another request. `done`: here is the first answer.
   * @param now.expired what began before is as if it had never been
   * @param now.abandoned what began before, is the same request and has not ended, never will: its process died
   */
  begin(
    request: KeyedRequest,
    now: { readonly at: Timestamp; readonly expired: Timestamp; readonly abandoned: Timestamp },
  ): Promise<BeginOutcome>;
  /**
   * Durable when it resolves. Changes nothing where another try holds the key by now. An organization's oldest keys leave
   * beyond `MAX_IDEMPOTENCY_KEYS`.
   */
  finish(request: KeyedRequest, answer: KeptAnswer): Promise<void>;
  /** The key is free again, unless another try holds it by now. */
  forget(request: KeyedRequest): Promise<void>;
  /** What began before. One bounded step. @returns how many left; fewer than `limit` = all done */
  removeBefore(before: Timestamp, limit: number): Promise<number>;
}
