import type { OrganizationId } from '../../../core/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { RateDecision, RateLimiter } from '../../../ports/coordination/rate-limiter.ts';
import type { Redis } from '../redis/index.ts';

/** The rate limiter of the distributed engine: token buckets in Redis, one limit over all processes. */
export class RedisRateLimiter implements RateLimiter {
  readonly #redis: Redis;
  readonly #clock: Clock;

  constructor(parts: { redis: Redis; clock: Clock }) {
    this.#redis = parts.redis;
    this.#clock = parts.clock;
  }

  async take(organizationId: OrganizationId, perMinute: number, tokens: number): Promise<RateDecision> {
    const args = [this.#clock.monotonicMs().toFixed(3), String(perMinute), String(tokens)];
    const answer = await this.#redis.run('take-tokens', [this.#redis.key(`rate:${organizationId}`)], args);
    const [granted, thousandths] = (answer as unknown[]).map(Number);
    const remaining = (thousandths ?? 0) / 1_000;
    return {
      granted: granted ?? 0,
      limit: perMinute,
      remaining: Math.floor(remaining),
      resetSeconds: seconds(perMinute - remaining, perMinute),
      retryAfterSeconds: seconds(Math.max(0, 1 - remaining), perMinute),
    };
  }
}

/** Seconds to refill this many tokens, rounded up. */
function seconds(tokens: number, perMinute: number): number {
  return Math.ceil((tokens * 60) / perMinute);
}
