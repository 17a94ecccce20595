import type { OrganizationId } from '../../core/ids.ts';

export interface RateDecision {
  /** The tokens granted; the rest of the request must be refused. */
  readonly granted: number;
  /** The bucket's size: one minute's tokens. */
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the bucket is full again, rounded up. */
  readonly resetSeconds: number;
  /** Seconds until one token is available, rounded up; 0 if one is available now. */
  readonly retryAfterSeconds: number;
}

/**
 * Token buckets, one per organization: each holds one minute's tokens and fills evenly. The limit applies over all
 * processes.
 */
export interface RateLimiter {
  /** Takes up to `tokens` tokens. Synchronous in the embedded engine, one round trip in the distributed one. */
  take(organizationId: OrganizationId, perMinute: number, tokens: number): RateDecision | Promise<RateDecision>;
}
