import type { Milliseconds } from '../../../core/time.ts';
import type { Leadership } from '../../../ports/record/repair.ts';
import type { Redis } from '../redis/index.ts';

/** Longer than the pause between two looks, so that it stays with one process as long as that lives. */
const LEAD_MS: Milliseconds = 20_000;

/** A key with an end. Two that lead at once, after a failover, do each other's work again: all of it is idempotent. */
export class RedisLeadership implements Leadership {
  readonly #redis: Redis;
  readonly #who: string;

  constructor(redis: Redis, who: string) {
    this.#redis = redis;
    this.#who = who;
  }

  async lead(): Promise<boolean> {
    return (await this.#redis.run('lead', [this.#redis.key('leader')], [this.#who, String(LEAD_MS)])) === 1;
  }

  async resign(): Promise<void> {
    await this.#redis.run('resign', [this.#redis.key('leader')], [this.#who]);
  }
}
