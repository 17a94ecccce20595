import type { Milliseconds } from '../../../core/time.ts';
import type { Redis, RedisReader } from './connection.ts';
import { isUnknownGroup, replyCode } from './errors.ts';

/** A consumer without entries that was idle for this long belongs to a process that is gone. */
const GONE_AFTER_MS: Milliseconds = 3_600_000;

/** A raw entry: names and values alternating. */
export interface RawEntry {
  readonly id: string;
  readonly fields: readonly Buffer[];
}

/**
 * One consumer of a stream's group. A missing group is created from the beginning of the stream: a server that lost its
 * memory lost the group too, and all later entries must be read.
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

  /** Reads new entries; waits up to `waitMs` for the first one (at most 2 s; 0 = no wait). One read at a time. */
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

  /** Claims some of the entries that other consumers have held for longer than `idleMs`. */
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

  /** Removes consumers of processes that are gone. */
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

  /**
   * Creates the consumer explicitly: Redis would list it only after its first entry, and an operator should see all
   * waiting consumers.
   */
  async #join(): Promise<void> {
    try {
      await this.#redis.command('XGROUP', 'CREATE', this.#stream, this.#group, '0', 'MKSTREAM');
    } catch (error) {
      // Another process created it first.
      if (replyCode(error) !== 'BUSYGROUP') throw error;
    }
    await this.#redis.command('XGROUP', 'CREATECONSUMER', this.#stream, this.#group, this.#consumer);
    this.#joined = true;
  }
}

/** A map of streams in RESP3; a list of pairs in RESP2 and on some servers in between. */
function entriesOfStreams(reply: unknown): RawEntry[] {
  if (reply === null || reply === undefined) return [];
  if (reply instanceof Map) return [...reply.values()].flatMap(entries);
  if (Array.isArray(reply)) {
    return Array.isArray(reply[0]) ? reply.flatMap((pair) => entries(pair[1])) : entries(reply[1]);
  }
  return Object.values(reply).flatMap(entries);
}

/** Decodes entries; deleted ones have no fields, or are null. */
function entries(reply: unknown): RawEntry[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((entry: unknown) => {
    if (!Array.isArray(entry) || !Array.isArray(entry[1])) return [];
    return [{ id: String(entry[0]), fields: entry[1] as Buffer[] }];
  });
}
