import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { createClient } from '@redis/client';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { type EventId, IdSource, type OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { type Milliseconds, type Timestamp, timestamp } from '../../src/core/time.ts';
import { Redis } from '../../src/engines/redis-postgres/redis/connection.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { eventually } from '../support/service.ts';

/** Time that stands until a test moves it. */
class StandingClock implements Clock {
  #now = Date.UTC(2026, 0, 1);

  now(): Timestamp {
    return timestamp(this.#now);
  }

  monotonicMs(): Milliseconds {
    return this.#now;
  }

  advance(ms: Milliseconds): void {
    this.#now += ms;
  }
}

/** A server of a test file's own, with names of its own for each test. */
export class RedisWorld {
  readonly clock = new StandingClock();
  readonly ids = new IdSource(() => this.clock.now(), randomFillSync);
  readonly server: RedisServer;
  readonly redis: Redis;
  readonly organizationId = this.ids.next<OrganizationId>();
  readonly #ends: (() => void | Promise<void>)[] = [];

  private constructor(server: RedisServer, redis: Redis) {
    this.server = server;
    this.redis = redis;
  }

  static async open(server: RedisServer): Promise<RedisWorld> {
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await server.command('FLUSHALL');
    return new RedisWorld(server, await Redis.open({ url: server.url, prefix: 'p' }));
  }

  /** Something to close when the test ends. */
  use<Part extends { close(): void | Promise<void> }>(part: Part): Part {
    this.#ends.push(() => part.close());
    return part;
  }

  async close(): Promise<void> {
    for (const end of this.#ends) await end();
    await this.redis.close();
    await this.server.command('CONFIG', 'SET', 'maxmemory', '0');
  }

  event(rest: Partial<AcceptedEvent> = {}): AcceptedEvent {
    return {
      id: this.ids.next<EventId>(),
      organizationId: this.organizationId,
      type: 'order.created',
      data: '{"n":1}' as JsonText,
      dedupId: null,
      orderingKey: null,
      deliverAt: null,
      createdAt: this.clock.now(),
      traceparent: null,
      hops: 0,
      ...rest,
    };
  }

  /** Less memory than is used already: nothing that needs more is done. */
  async fillMemory(): Promise<void> {
    await this.server.command('CONFIG', 'SET', 'maxmemory', '1');
  }

  async makeRoom(): Promise<void> {
    await this.server.command('CONFIG', 'SET', 'maxmemory', '0');
  }

  /** How many scripts the server has been asked to run. Cheaper than to look at each command where they are large. */
  async scriptCalls(): Promise<number> {
    const text = String(await this.server.command('INFO', 'commandstats'));
    return [...text.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
  }

  /** The commands that reach the server while something is done; not those within scripts, nor signs of life. */
  async commandsDuring(act: () => Promise<unknown>): Promise<string[]> {
    const names: string[] = [];
    const monitor = createClient({ url: this.server.url });
    await monitor.connect();
    // `1767225600.123456 [0 127.0.0.1:1234] "EVALSHA" …`; within a script the address is `lua`.
    await monitor.monitor((line) => {
      const [, from, name = ''] = /^\S+ \[\d+ (\S+)\] "(\w+)"/.exec(String(line)) ?? [];
      if (from !== undefined && from !== 'lua') names.push(name.toUpperCase());
    });
    try {
      await act();
      await this.server.command('ECHO', 'end');
      await eventually(() => assert.ok(names.includes('ECHO')));
    } finally {
      monitor.destroy();
    }
    const ours = new Set(['PING', 'HELLO', 'ECHO', 'CLIENT', 'MONITOR']);
    return names.filter((name) => !ours.has(name));
  }
}

/** Runs a test on an emptied server. */
export function inRedis(server: () => RedisServer, run: (world: RedisWorld) => Promise<void>): () => Promise<void> {
  return async () => {
    const world = await RedisWorld.open(server());
    try {
      await run(world);
    } finally {
      await world.close();
    }
  };
}
