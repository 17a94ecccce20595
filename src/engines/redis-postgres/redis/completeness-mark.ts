import type { Redis } from './connection.ts';

/**
 * Says that a structure in Redis holds everything that the record says it must hold. The key holds the `run_id` of the server
 * process for which that was found: FLUSHALL removes the key, and a restart, which may have lost the last two seconds, changes
 * the `run_id`.
 */
export class CompletenessMark {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #restoringKey: string;

  /** @param name of the key, without the prefix */
  constructor(redis: Redis, name: string) {
    this.#redis = redis;
    this.#key = redis.key(name);
    this.#restoringKey = redis.key(`${name}:restoring`);
  }

  async isSet(): Promise<boolean> {
    return (await this.#redis.command('GET', this.#key)) === (await this.#redis.runId());
  }

  /** A round that restores everything begins. */
  async begin(): Promise<void> {
    await this.#redis.command('SET', this.#restoringKey, await this.#redis.runId());
  }

  /** The round has ended. Sets nothing where the server lost its memory, or was restarted, since the round began. */
  async complete(): Promise<void> {
    await this.#redis.run('complete-repair', [this.#restoringKey, this.#key], [await this.#redis.runId()]);
  }
}
