import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Activity, DroppedCounts } from '../../src/core/events/activity.ts';
import type { OrganizationId } from '../../src/core/ids.ts';
import { RedisActivity } from '../../src/engines/redis-postgres/coordination/activity.ts';
import { Redis } from '../../src/engines/redis-postgres/redis/connection.ts';
import { RedisServer } from '../support/redis-server.ts';
import { eventually } from '../support/service.ts';
import { inRedis, type RedisWorld } from './support.ts';

describe('Redis activity', () => {
  let server: RedisServer;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.stop());
  const inWorld = (run: (world: RedisWorld) => Promise<void>) => inRedis(() => server, run);

  async function process(world: RedisWorld): Promise<RedisActivity> {
    const redis = await Redis.open({ url: server.url, prefix: 'p' });
    const activity = world.use(new RedisActivity({ redis, clock: world.clock }));
    world.use(redis);
    return activity;
  }

  const watchers = async ({ organizationId }: RedisWorld): Promise<unknown> => {
    const reply = (await server.command('PUBSUB', 'NUMSUB', `p:activity:${organizationId}`)) as unknown[];
    return reply[1];
  };
  const calls = async (command: string): Promise<number> => {
    const stats = String(await server.command('INFO', 'commandstats'));
    return Number(new RegExp(`cmdstat_${command.replace('|', '\\|')}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  };
  const news = (world: RedisWorld): Activity => ({ kind: 'event', event: world.event() });

  test(
    'when a subscription resolves Redis has it, once for all watchers of a process; the last takes it away',
    inWorld(async (world) => {
      const activity = await process(world);
      for (let round = 0; round < 3; round++) {
        const ends = await Promise.all([0, 1].map(() => activity.subscribe(world.organizationId, watch().listener)));
        assert.equal(await watchers(world), 1);
        ends[0]?.();
        assert.equal(await watchers(world), 1);
        ends[1]?.();
        await eventually(async () => assert.equal(await watchers(world), 0));
      }
    }),
  );

  test(
    'without watchers one question is sent for all gathered activities, and no activity',
    inWorld(async (world) => {
      const activity = await process(world);
      await server.command('CONFIG', 'RESETSTAT');
      for (let n = 0; n < 1_000; n++) activity.publish([news(world)]);
      await eventually(async () => assert.equal(await calls('pubsub|numsub'), 1));
      assert.equal(await calls('publish'), 0);
    }),
  );

  test(
    'events of concurrently recorded batches are published in id order',
    inWorld(async (world) => {
      const [here, there] = [await process(world), await process(world)];
      const { seen, listener } = watch();
      await there.subscribe(world.organizationId, listener);
      const all = Array.from({ length: 20 }, () => news(world));
      here.publish(all.slice(10));
      here.publish(all.slice(0, 10));
      await eventually(() => assert.deepEqual(seen, all));
    }),
  );

  test(
    'activities that arrive during a publication follow it',
    inWorld(async (world) => {
      const activity = await process(world);
      const { seen, listener } = watch();
      await activity.subscribe(world.organizationId, listener);
      const all = [news(world), news(world)];
      server.signal('SIGSTOP');
      try {
        activity.publish(all.slice(0, 1));
        await new Promise((resolve) => setTimeout(resolve, 200));
        activity.publish(all.slice(1));
      } finally {
        server.signal('SIGCONT');
      }
      await eventually(() => assert.deepEqual(seen, all));
    }),
  );

  test(
    'without Redis publishing succeeds and subscribing rejects; afterwards the dropped activities are reported',
    inWorld(async (world) => {
      const [here, there] = [await process(world), await process(world)];
      const { seen, dropped, listener } = watch();
      await there.subscribe(world.organizationId, listener);
      await server.kill();
      try {
        for (let n = 0; n < 2_000; n++) here.publish([news(world)]);
        const other = 'another' as OrganizationId;
        await assert.rejects(there.subscribe(other, listener), { name: 'EngineUnavailable' });
      } finally {
        await server.startAgain();
      }
      await eventually(() => assert.ok(dropped.some((counts) => counts.event === null)));
      assert.deepEqual(
        dropped.find(({ event }) => event === null),
        { event: null, delivery: null },
        'what was told while nobody could hear it is without number',
      );
      const last = news(world);
      here.publish([last]);
      await eventually(() => assert.deepEqual(seen.at(-1), last));
    }),
  );
});

function watch() {
  const seen: Activity[] = [];
  const dropped: DroppedCounts[] = [];
  return {
    seen,
    dropped,
    listener: {
      onActivities: (activities: readonly Activity[]) => void seen.push(...activities),
      onDropped: (counts: DroppedCounts) => void dropped.push(counts),
    },
  };
}
