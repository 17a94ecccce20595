import type { Milliseconds } from '../../../core/time.ts';
import type { Redis, RedisReader } from './connection.ts';
import { isUnknownGroup, replyCode } from './errors.ts';

/** A consumer that holds nothing and has not been heard of for this long is one of a process that is gone. */
const GONE_AFTER_MS: Milliseconds = 3_600_000;

/** An entry as it came: names and values in turn. */
export interface RawEntry {
  readonly id: string;
  readonly fields: readonly Buffer[];
}

/**
 * One consumer of one group of a stream. The group is made where it is missing, from the beginning of the stream: a server
 * that lost its memory has lost the group too, and what came after that must be read.
 */
export class ConsumerGroup {
  readonly #redis: Redis;
  readonly #stream: string;
  readonly #group: string;
  readonly #consumer: string;
  #reader: RedisReader | undefined;
  #claimCursor = '0-0';
  #joined = false;

  constructor(parts: { redis: Redis; stream: string; group: string; consumer: string }) {
    this.#redis = parts.redis;
    this.#stream = parts.stream;
    this.#group = parts.group;
    this.#consumer = parts.consumer;
  }

  /** New entries; waits for the first one up to `waitMs` (at most 2 s; 0 = not at all). One read at a time. */
  async read(limit: number, waitMs: Milliseconds): Promise<RawEntry[]> {
    const args = ['XREADGROUP', 'GROUP', this.#group, this.#consumer, 'COUNT', String(limit)];
    const from = ['STREAMS', this.#stream, '>'];
    const reply = await this.#withGroup(() => {
      if (waitMs === 0) return this.#redis.commandBytes(...args, ...from);
      this.#reader ??= this.#redis.reader();
      return this.#reader.commandBytes(...args, 'BLOCK', String(waitMs), ...from);
    });
    return entriesOfStreams(reply);
  }

  /** Entries that others have held for longer than `idleMs`, a part of them each time; they are this consumer's then. */
  async claim(limit: number, idleMs: Milliseconds): Promise<RawEntry[]> {
    const reply = await this.#withGroup(() =>
      this.#redis.commandBytes(
        'XAUTOCLAIM',
        this.#stream,
        this.#group,
        this.#consumer,
        String(idleMs),
        this.#claimCursor,
        'COUNT',
        String(limit),
      ),
    );
    if (!Array.isArray(reply)) return [];
    this.#claimCursor = String(reply[0]);
    return entries(reply[1]);
  }

  /** Takes away consumers of processes that are gone. */
  async removeIdleConsumers(): Promise<void> {
    await this.#redis.run('forget-consumers', [this.#stream], [this.#group, this.#consumer, String(GONE_AFTER_MS)]);
  }

  close(): void {
    this.#reader?.close();
  }

  async #withGroup(command: () => Promise<unknown>): Promise<unknown> {
    if (!this.#joined) await this.#join();
    try {
      return await command();
    } catch (error) {
      if (!isUnknownGroup(error)) throw error;
    }
    await this.#join();
    return await command();
  }

  /** Redis would name a consumer only when it has got an entry: who looks at the group sees all that wait for one. */
  async #join(): Promise<void> {
    try {
      await this.#redis.command('XGROUP', 'CREATE', this.#stream, this.#group, '0', 'MKSTREAM');
    } catch (error) {
      // Another was first.
      if (replyCode(error) !== 'BUSYGROUP') throw error;
    }
    await this.#redis.command('XGROUP', 'CREATECONSUMER', this.#stream, this.#group, this.#consumer);
    this.#joined = true;
  }
}

/** RESP3: a map of streams; RESP2, and some servers in between: a list of pairs. */
function entriesOfStreams(reply: unknown): RawEntry[] {
  if (reply === null || reply === undefined) return [];
  if (reply instanceof Map) return [...reply.values()].flatMap(entries);
  if (Array.isArray(reply)) {
    return Array.isArray(reply[0]) ? reply.flatMap((pair) => entries(pair[1])) : entries(reply[1]);
  }
  return Object.values(reply).flatMap(entries);
}

/** Those that were deleted meanwhile come without fields, or as nothing. */
function entries(reply: unknown): RawEntry[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((entry: unknown) => {
    if (!Array.isArray(entry) || !Array.isArray(entry[1])) return [];
    return [{ id: String(entry[0]), fields: entry[1] as Buffer[] }];
  });
}
