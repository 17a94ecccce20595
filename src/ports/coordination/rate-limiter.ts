import type { OrganizationId } from '../../core/ids.ts';

export interface RateDecision {
  /** How many of the tokens asked for were there; the rest is to be refused. */
  readonly granted: number;
  /** The bucket's size: a minute's worth. */
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the bucket is full again, rounded up. */
  readonly resetSeconds: number;
  /** Seconds until one token is there, rounded up; 0 when one is there. */
  readonly retryAfterSeconds: number;
}

/** A token bucket an organization: holds a minute's worth, fills evenly. One limit over all processes. */
export interface RateLimiter {
  /** Takes up to `tokens`. In the embedded engine it answers at once; elsewhere it is one round trip. */
  take(organizationId: OrganizationId, perMinute: number, tokens: number): RateDecision | Promise<RateDecision>;
}
