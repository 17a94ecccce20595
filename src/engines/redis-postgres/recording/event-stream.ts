import type { Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { EventStream, StreamEntry } from '../../../ports/record/event-stream.ts';
import { eventFromFields } from '../intake/index.ts';
import { ConsumerGroup, type RawEntry, type Redis } from '../redis/index.ts';

/** The consumer group's name in SEED.md. */
const GROUP = 'event-processors';
/** Claims between two cleanups of idle consumers. */
const CLAIMS_PER_CLEANUP = 100;

/** The stream `zapier:events`. */
export class RedisEventStream implements EventStream {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #group: ConsumerGroup;
  readonly #claimIdleMs: Milliseconds;
  #claims = 0;

  /** @param parts.claimIdleMs entries that a reader has held for longer are claimed */
  constructor(parts: { redis: Redis; consumer: string; clock: Clock; claimIdleMs: Milliseconds }) {
    this.#redis = parts.redis;
    this.#clock = parts.clock;
    this.#claimIdleMs = parts.claimIdleMs;
    const stream = parts.redis.key('events');
    this.#group = new ConsumerGroup({ redis: parts.redis, stream, group: GROUP, consumer: parts.consumer });
  }

  async read(limit: number, waitMs: Milliseconds): Promise<readonly StreamEntry[]> {
    return this.#decode(await this.#group.read(limit, waitMs));
  }

  async claim(limit: number): Promise<readonly StreamEntry[]> {
    if (this.#claims++ % CLAIMS_PER_CLEANUP === 0) await this.#group.removeIdleConsumers();
    return this.#decode(await this.#group.claim(limit, this.#claimIdleMs));
  }

  async acknowledge(entries: readonly StreamEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#redis.run('acknowledge', [this.#redis.key('events')], [GROUP, ...entries.map(({ id }) => id)]);
  }

  async moveToDeadLetters(dead: readonly { readonly entry: StreamEntry; readonly reason: string }[]): Promise<void> {
    const keys = [this.#redis.key('events'), this.#redis.key('events:dead')];
    const args = dead.flatMap(({ entry, reason }) => [entry.id, reason]);
    await this.#redis.run('move-to-dead-letters', keys, [GROUP, String(this.#clock.now()), ...args]);
  }

  async length(): Promise<number> {
    return Number(await this.#redis.command('XLEN', this.#redis.key('events')));
  }

  async isFirst(entry: StreamEntry): Promise<boolean> {
    const reply = await this.#redis.command('XRANGE', this.#redis.key('events'), '-', '+', 'COUNT', '1');
    const [first] = Array.isArray(reply) ? reply : [];
    if (!Array.isArray(first)) return true;
    const { ms, number } = placeOf(String(first[0]));
    return ms > entry.place.ms || (ms === entry.place.ms && number >= entry.place.number);
  }

  close(): void {
    this.#group.close();
  }

  #decode(entries: readonly RawEntry[]): StreamEntry[] {
    const now = this.#clock.now();
    return entries.map(({ id, fields }) => ({ id, place: placeOf(id), content: eventFromFields(fields, now) }));
  }
}

/** Parses an entry id, `<ms>-<number>`. Redis' ids only increase, whatever its clock does. */
function placeOf(id: string): StreamEntry['place'] {
  const [ms, number] = id.split('-');
  return { ms: Number(ms), number: Number(number) };
}
