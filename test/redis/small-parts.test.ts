import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { EndpointId, OrganizationId } from '../../src/core/ids.ts';
import { RedisBus } from '../../src/engines/redis-postgres/coordination/bus.ts';
import { RedisLeadership } from '../../src/engines/redis-postgres/coordination/leadership.ts';
import { RedisRateLimiter } from '../../src/engines/redis-postgres/coordination/rate-limiter.ts';
import { checkRedis } from '../../src/engines/redis-postgres/redis/checks.ts';
import { Redis } from '../../src/engines/redis-postgres/redis/connection.ts';
import type { BusMessage } from '../../src/ports/coordination/bus.ts';
import { EngineUnavailable } from '../../src/ports/unavailable.ts';
import { RedisServer } from '../support/redis-server.ts';
import { eventually } from '../support/service.ts';
import { inRedis, type RedisWorld } from './support.ts';

const ORGANIZATION = 'org' as OrganizationId;
const MESSAGE: BusMessage = {
  kind: 'endpoints_changed',
  organizationId: ORGANIZATION,
  endpointId: 'endpoint' as EndpointId,
};

describe('Redis bus, limits, lead and checks', () => {
  let server: RedisServer;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.stop());
  const inWorld = (run: (world: RedisWorld) => Promise<void>) => inRedis(() => server, run);

  test(
    'a message is heard once in its own process and once in each other',
    inWorld(async (world) => {
      const [here, there] = [await bus(world), await bus(world)];
      await here.bus.publish(MESSAGE);
      assert.deepEqual(here.heard, [MESSAGE], 'before it resolved');
      await eventually(() => assert.deepEqual(there.heard, [MESSAGE]));
      const later = { kind: 'something_later', more: [1] } as unknown as BusMessage;
      await there.bus.publish(later);
      await eventually(() => assert.deepEqual(here.heard, [MESSAGE, later]));
      await sleep(100);
      assert.equal(here.heard.length, 2);
      assert.equal(there.heard.length, 2);
    }),
  );

  test(
    'malformed messages are ignored',
    inWorld(async (world) => {
      const { bus: one, heard } = await bus(world);
      for (const text of ['', 'x', '1', 'null', '[]', '{}', '{"message":null}', '{"from":1,"message":{"kind":5}}']) {
        await world.redis.command('PUBLISH', 'p:bus', text);
      }
      await world.redis.command('PUBLISH', 'p:bus', JSON.stringify({ from: 'x', message: MESSAGE }));
      await eventually(() => assert.deepEqual(heard, [MESSAGE]));
      one.close();
    }),
  );

  test(
    'listeners are notified of a gap when the connection is back, and get messages again',
    inWorld(async (world) => {
      const [here, there] = [await bus(world), await bus(world)];
      assert.deepEqual([here.gaps, there.gaps], [0, 0]);
      await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await eventually(() => assert.deepEqual([here.gaps, there.gaps], [1, 1]));
      await here.bus.publish(MESSAGE);
      await eventually(() => assert.deepEqual(there.heard, [MESSAGE]));
      await server.kill();
      await here.bus.publish(MESSAGE);
      assert.equal(here.heard.length, 2, 'without Redis it is heard here at least');
      await server.startAgain();
      await eventually(() => assert.deepEqual([here.gaps, there.gaps], [2, 2]));
      // The connection that publishes may be back a moment later than those that listen.
      await eventually(async () => {
        await here.bus.publish(MESSAGE);
        assert.ok(there.heard.length >= 2);
      });
    }),
  );

  test(
    'a frozen server causes a gap notification too',
    inWorld(async (world) => {
      const one = await bus(world);
      server.signal('SIGSTOP');
      await sleep(6_500);
      server.signal('SIGCONT');
      await eventually(() => assert.equal(one.gaps, 1));
    }),
  );

  test(
    'one limit over all processes, also for those that ask at once; requests go on without memory',
    inWorld(async (world) => {
      const limiters = [1, 2, 3].map(() => new RedisRateLimiter({ redis: world.redis, clock: world.clock }));
      const asked = await Promise.all(
        limiters.flatMap((limiter) => Array.from({ length: 40 }, () => limiter.take(ORGANIZATION, 100, 1))),
      );
      assert.equal(
        asked.reduce((sum, { granted }) => sum + granted, 0),
        100,
      );
      world.clock.advance(6_000);
      await world.fillMemory();
      const decision = await limiters[0]?.take(ORGANIZATION, 100, 20);
      assert.deepEqual(decision, { granted: 10, limit: 100, remaining: 0, resetSeconds: 60, retryAfterSeconds: 1 });
      assert.ok(Number(await world.redis.command('PTTL', 'p:rate:org')) > 60_000, 'and is forgotten some day');
    }),
  );

  test(
    'a clock that stands behind another takes nothing away; one that began anew is not waited for',
    inWorld(async (world) => {
      const behind = { ...clockAt(1_000_000) };
      const limiter = (ms: number) => new RedisRateLimiter({ redis: world.redis, clock: clockAt(ms) });
      const granted = async (ms: number, tokens: number) => (await limiter(ms).take(ORGANIZATION, 60, tokens)).granted;
      assert.equal(await granted(behind.monotonicMs(), 60), 60);
      assert.equal(await granted(1_000_000 - 2_000, 60), 0);
      assert.equal(await granted(1_000_000 + 1_000, 60), 1);
      // The store's time was set back by much: else nobody would get anything until it has come up again.
      assert.equal(await granted(500_000, 60), 0);
      assert.equal(await granted(501_000, 60), 1);
    }),
  );

  test(
    'fractions add up, also in very small steps',
    inWorld(async (world) => {
      const limiter = new RedisRateLimiter({ redis: world.redis, clock: world.clock });
      await limiter.take(ORGANIZATION, 600, 600);
      let granted = 0;
      for (let step = 0; step < 300; step++) {
        world.clock.advance(10);
        granted += (await limiter.take(ORGANIZATION, 600, 1)).granted;
      }
      assert.equal(granted, 30);
    }),
  );

  test(
    'one leads at a time, keeps the lead, and hands it on',
    inWorld(async (world) => {
      const [a, b] = [new RedisLeadership(world.redis, 'a'), new RedisLeadership(world.redis, 'b')];
      assert.deepEqual([await a.lead(), await b.lead(), await a.lead()], [true, false, true]);
      await b.resign();
      assert.equal(await b.lead(), false);
      await a.resign();
      assert.deepEqual([await b.lead(), await a.lead()], [true, false]);
      await server.command('FLUSHALL');
      assert.equal(await a.lead(), true);
    }),
  );

  test(
    'a correctly configured server passes without warnings; risky settings are named',
    inWorld(async ({ redis }) => {
      assert.deepEqual(await checkRedis(redis), { refused: null, warnings: [] });
      const cases: [string, string, RegExp | null][] = [
        ['appendfsync', 'always', null],
        ['appendfsync', 'no', /appendfsync/],
        ['no-appendfsync-on-rewrite', 'yes', /no-appendfsync-on-rewrite/],
        ['appendonly', 'no', /appendonly/],
        ['maxmemory-policy', 'volatile-lru', null],
      ];
      for (const [name, value, warning] of cases) {
        const [, before] = Object.entries((await redis.command('CONFIG', 'GET', name)) as object).flat();
        await server.command('CONFIG', 'SET', name, value);
        const { refused, warnings } = await checkRedis(redis);
        await server.command('CONFIG', 'SET', name, String(before));
        assert.equal(refused, null);
        if (warning === null) assert.deepEqual(warnings, []);
        else assert.match(warnings.join('\n'), warning);
      }
    }),
  );

  test(
    'a server that would throw queues away is refused, one that would throw marks away is named',
    inWorld(async ({ redis }) => {
      try {
        await server.command('CONFIG', 'SET', 'maxmemory', '1gb');
        await server.command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
        const { refused, warnings } = await checkRedis(redis);
        assert.equal(refused, null);
        assert.match(warnings.join(), /noeviction/);
        for (const maxmemory of ['1gb', '0']) {
          await server.command('CONFIG', 'SET', 'maxmemory', maxmemory);
          await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
          assert.match((await checkRedis(redis)).refused ?? '', /noeviction/);
        }
      } finally {
        await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
        await server.command('CONFIG', 'SET', 'maxmemory', '0');
      }
    }),
  );

  test(
    'where CONFIG is forbidden, INFO is checked',
    inWorld(async () => {
      await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-config');
      const redis = await Redis.open({ url: `redis://app:secret@127.0.0.1:${server.port}`, prefix: 'p' });
      try {
        const { refused, warnings } = await checkRedis(redis);
        assert.equal(refused, null);
        assert.equal(warnings.length, 1);
        assert.match(warnings.join(), /CONFIG/);
        await server.command('CONFIG', 'SET', 'appendonly', 'no');
        assert.match((await checkRedis(redis)).warnings.join(), /appendonly/);
        await server.command('CONFIG', 'SET', 'appendonly', 'yes');
        await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
        assert.match((await checkRedis(redis)).refused ?? '', /noeviction/);
      } finally {
        await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
        await redis.close();
      }
    }),
  );

  test('a server in cluster mode is refused', async () => {
    const cluster = await RedisServer.start(['--cluster-enabled', 'yes']);
    const redis = await Redis.open({ url: cluster.url, prefix: 'p' });
    try {
      assert.match((await checkRedis(redis)).refused ?? '', /cluster/);
    } finally {
      await redis.close();
      await cluster.stop();
    }
  });

  test(
    'a check that a server can’t answer is no pass',
    inWorld(async (world) => {
      const redis = await Redis.open({ url: server.url, prefix: 'p' });
      await redis.close();
      await assert.rejects(checkRedis(redis), EngineUnavailable);
      assert.equal(world.redis.health().status, 'ok');
    }),
  );
});

async function bus(world: RedisWorld) {
  const listening = async () => Number(((await world.redis.command('PUBSUB', 'NUMSUB', 'p:bus')) as unknown[])[1]);
  const before = await listening();
  const one = world.use(new RedisBus(world.redis));
  const state = { bus: one, heard: [] as BusMessage[], gaps: 0 };
  one.subscribe((message) => state.heard.push(message));
  one.onMissed(() => state.gaps++);
  // A bus begins to listen by itself, a moment after it is made.
  await eventually(async () => assert.equal(await listening(), before + 1));
  return state;
}

function clockAt(ms: number) {
  return { now: () => assert.fail('not by the wall clock'), monotonicMs: () => ms };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
