import type { Milliseconds } from '../../../core/time.ts';
import type { Leadership } from '../../../ports/coordination/leadership.ts';
import type { Redis } from '../redis/index.ts';

/** Longer than the pause between two rounds, so that a living leader keeps the lead. */
const LEAD_MS: Milliseconds = 20_000;

/**
 * Leadership as a Redis key with an expiry. After a failover two processes may lead at once and repeat each other's
 * work, all of which is idempotent.
 */
export class RedisLeadership implements Leadership {
  readonly #redis: Redis;
  readonly #process: string;

  constructor(redis: Redis, process: string) {
    this.#redis = redis;
    this.#process = process;
  }

  async lead(): Promise<boolean> {
    return (await this.#redis.run('lead', [this.#redis.key('leader')], [this.#process, String(LEAD_MS)])) === 1;
  }

  async resign(): Promise<void> {
    await this.#redis.run('resign', [this.#redis.key('leader')], [this.#process]);
  }
}
