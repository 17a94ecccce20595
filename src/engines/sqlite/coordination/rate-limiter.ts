import type { OrganizationId } from '../../../core/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { RateDecision, RateLimiter } from '../../../ports/coordination/rate-limiter.ts';

const MINUTE_MS = 60_000;
/** Beyond this number full buckets are removed: a full bucket equals none. */
const MAX_IDLE_BUCKETS = 10_000;

interface Bucket {
  tokens: number;
  perMinute: number;
  /** Monotonic time. */
  filledAtMs: number;
}

/** The rate limiter of the embedded engine: one process serves all requests, so the buckets are in its memory. */
export class TokenBuckets implements RateLimiter {
  readonly #clock: Clock;
  readonly #buckets = new Map<OrganizationId, Bucket>();
  #pruneAt = MAX_IDLE_BUCKETS;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(organizationId: OrganizationId, perMinute: number, tokens: number): RateDecision {
    const bucket = this.#filled(organizationId, perMinute);
    const granted = Math.min(tokens, Math.floor(bucket.tokens));
    bucket.tokens -= granted;
    const missing = Math.max(0, 1 - bucket.tokens);
    return {
      granted,
      limit: perMinute,
      remaining: Math.floor(bucket.tokens),
      resetSeconds: seconds(perMinute - bucket.tokens, perMinute),
      retryAfterSeconds: seconds(missing, perMinute),
    };
  }

  #filled(organizationId: OrganizationId, perMinute: number): Bucket {
    const now = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(organizationId);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#pruneAt) this.#prune(now);
      const fresh = { tokens: perMinute, perMinute, filledAtMs: now };
      this.#buckets.set(organizationId, fresh);
      return fresh;
    }
    bucket.tokens = Math.min(perMinute, bucket.tokens + ((now - bucket.filledAtMs) * perMinute) / MINUTE_MS);
    bucket.perMinute = perMinute;
    bucket.filledAtMs = now;
    return bucket;
  }

  #prune(now: number): void {
    for (const [id, { tokens, perMinute, filledAtMs }] of this.#buckets) {
      if (tokens + ((now - filledAtMs) * perMinute) / MINUTE_MS >= perMinute) this.#buckets.delete(id);
    }
    this.#pruneAt = Math.max(MAX_IDLE_BUCKETS, this.#buckets.size * 2);
  }
}

/** Seconds to refill this many tokens, rounded up. */
function seconds(tokens: number, perMinute: number): number {
  return Math.ceil((tokens * 60) / perMinute);
}
