import { timestamp } from '../../../core/time.ts';
import type { DeadLetter, DeadLetters } from '../../../ports/record/dead-letters.ts';
import type { Redis } from '../redis/index.ts';

const PAGE = 100;
const MAX_SHOWN_LENGTH = 300;

/** The stream `zapier:events:dead`. */
export class RedisDeadLetters implements DeadLetters {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async list(limit: number, after: string | null): Promise<readonly DeadLetter[]> {
    const from = after === null ? '-' : `(${after}`;
    const reply = await this.#redis.command('XRANGE', this.#key, from, '+', 'COUNT', String(limit));
    return Array.isArray(reply) ? reply.map(deadLetterOf) : [];
  }

  async requeue(ids: readonly string[] | 'all'): Promise<number> {
    return this.#each(ids, async (page) =>
      Number(await this.#redis.run('requeue-dead-letters', [this.#redis.key('events'), this.#key], page)),
    );
  }

  async drop(ids: readonly string[] | 'all'): Promise<number> {
    return this.#each(ids, async (page) => Number(await this.#redis.command('XDEL', this.#key, ...page)));
  }

  async count(): Promise<number> {
    return Number(await this.#redis.command('XLEN', this.#key));
  }

  get #key(): string {
    return this.#redis.key('events:dead');
  }

  async #each(ids: readonly string[] | 'all', act: (page: readonly string[]) => Promise<number>): Promise<number> {
    let done = 0;
    if (ids !== 'all') {
      for (let at = 0; at < ids.length; at += PAGE) done += await act(ids.slice(at, at + PAGE));
      return done;
    }
    // Entries that arrive meanwhile are left for the next call.
    let remaining = await this.count();
    while (remaining > 0) {
      const page = (await this.list(Math.min(PAGE, remaining), null)).map(({ id }) => id);
      if (page.length === 0) break;
      done += await act(page);
      remaining -= page.length;
    }
    return done;
  }
}

function deadLetterOf(entry: unknown): DeadLetter {
  const [id, fields] = entry as [unknown, unknown[]];
  const values = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    values.set(String(fields[at]), String(fields[at + 1]).slice(0, MAX_SHOWN_LENGTH));
  }
  const deadLetteredAt = Number(values.get('buried_at') ?? Number.NaN);
  return {
    id: String(id),
    reason: values.get('reason') ?? 'unknown',
    deadLetteredAt: Number.isNaN(deadLetteredAt) ? null : timestamp(deadLetteredAt),
    eventId: values.get('id') ?? null,
    organizationId: values.get('organization_id') ?? null,
    type: values.get('type') ?? null,
  };
}
