import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DeliveryId, EndpointId } from '../../src/core/ids.ts';
import { addMs, type Timestamp, timestamp } from '../../src/core/time.ts';
import { DeliveryLanes } from '../../src/engines/redis-postgres/delivery-queue/delivery-lanes.ts';
import { RedisServer } from '../support/redis-server.ts';
import { eventually } from '../support/service.ts';
import { inRedis, type RedisWorld } from './support.ts';

const NOW = timestamp(0);
const LEASE_MS = 15_000;

describe('Redis delivery lanes', () => {
  let server: RedisServer;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.stop());
  const inWorld = (run: (world: RedisWorld) => Promise<void>) => inRedis(() => server, run);

  test(
    'a delivery added twice exists once; due deliveries have a stream entry',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const endpointId = endpoint(world);
      const items = [delivery(world, endpointId), delivery(world, endpointId, later(world, 5_000))];
      assert.equal(await lanes.enqueue(items), 2);
      assert.equal(await lanes.enqueue([...items, ...items, delivery(world, endpointId)]), 1);
      assert.deepEqual(await sizes(world, endpointId), { lane: 3, stream: 2, entries: 2, waiting: 3 });
      assert.deepEqual(await lanes.waitingLanes(), [{ endpointId, nextDueAt: NOW }]);
      assert.equal(await lanes.waiting(), 3);
      assert.equal(await lanes.enqueue([]), 0);
    }),
  );

  test(
    'thousands of deliveries are added, claimed and settled in bounded steps',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const endpointId = endpoint(world);
      const items = Array.from({ length: 2_500 }, () => delivery(world, endpointId));
      assert.equal(await lanes.enqueue(items), 2_500);
      const taken = await take(world, lanes, endpointId, 10_000);
      assert.deepEqual(
        taken.map(({ deliveryId }) => deliveryId),
        items.map(({ deliveryId }) => deliveryId),
      );
      await lanes.settle(items.map((item) => ({ ...item, dueAt: null, fence: null })));
      assert.deepEqual(await sizes(world, endpointId), { lane: 0, stream: 0, entries: 0, waiting: 0 });
      assert.deepEqual(await lanes.waitingLanes(), []);
    }),
  );

  test(
    'claims scheduled deliveries by due time, then immediate ones by age, and returns the next due time',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const endpointId = endpoint(world);
      const [first, second, retry, late] = [
        delivery(world, endpointId),
        delivery(world, endpointId),
        delivery(world, endpointId, later(world, -5)),
        delivery(world, endpointId, later(world, -10)),
      ];
      const future = delivery(world, endpointId, later(world, 9_000));
      await lanes.enqueue([second, retry, future, first, late].map((item) => item));
      const now = world.clock.now();
      const [one, none, two] = await lanes.claim(
        [
          { endpointId, limit: 3, leaseMs: 1_000 },
          { endpointId: endpoint(world), limit: 3, leaseMs: 1_000 },
          { endpointId, limit: 3, leaseMs: 2_000 },
        ],
        now,
      );
      assert.deepEqual(one?.claimed, [
        { deliveryId: late.deliveryId, previousScore: late.dueAt },
        { deliveryId: retry.deliveryId, previousScore: retry.dueAt },
        { deliveryId: first.deliveryId, previousScore: 0 },
      ]);
      assert.equal(one?.nextDueAt, 0);
      assert.deepEqual([none?.claimed, none?.nextDueAt], [[], null]);
      assert.deepEqual(two?.claimed, [{ deliveryId: second.deliveryId, previousScore: 0 }]);
      assert.equal(two?.nextDueAt, addMs(now, 1_000), 'a lease’s end counts');
      assert.deepEqual(await lanes.waitingLanes(), [{ endpointId, nextDueAt: addMs(now, 1_000) }]);
      assert.deepEqual(await take(world, lanes, endpointId), []);
      world.clock.advance(1_999);
      assert.equal((await take(world, lanes, endpointId)).length, 3, 'leases that ran out');
    }),
  );

  test(
    'two claims never get the same delivery',
    inWorld(async (world) => {
      const [a, b] = [lanesOf(world), lanesOf(world, 'b')];
      const endpointId = endpoint(world);
      await a.enqueue(Array.from({ length: 100 }, () => delivery(world, endpointId)));
      const takings = Array.from({ length: 30 }, (_, n) => take(world, n % 2 === 0 ? a : b, endpointId, 7));
      const ids = (await Promise.all(takings)).flat().map(({ deliveryId }) => deliveryId);
      assert.equal(ids.length, 100);
      assert.equal(new Set(ids).size, 100);
    }),
  );

  test(
    'a claim is undone only while its lease lasts',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const endpointId = endpoint(world);
      const items = [delivery(world, endpointId), delivery(world, endpointId, later(world, -7))];
      await lanes.enqueue(items);
      const taken = await take(world, lanes, endpointId);
      const leasedUntil = later(world, LEASE_MS);
      const undo = taken.map((one) => ({ endpointId, leasedUntil, ...one }));
      await lanes.undoClaim(undo);
      assert.deepEqual(await take(world, lanes, endpointId), taken);
      world.clock.advance(LEASE_MS);
      const again = await take(world, lanes, endpointId);
      assert.equal(again.length, 2);
      await lanes.undoClaim(undo);
      assert.deepEqual(await take(world, lanes, endpointId), [], 'another has them now');
    }),
  );

  test(
    'settled: the entry goes in any case, the member when it is done; a fence guards both',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const endpointId = endpoint(world);
      const [done, retried, fenced] = [1, 2, 3].map(() => delivery(world, endpointId));
      assert.ok(done && retried && fenced);
      await lanes.enqueue([done, retried, fenced]);
      await take(world, lanes, endpointId);
      const dueAt = later(world, 700);
      const settlements = [
        { ...done, dueAt: null, fence: null },
        { ...retried, dueAt, fence: null },
        { ...fenced, dueAt: null, fence: later(world, 1) },
      ];
      for (let times = 0; times < 2; times++) {
        await lanes.settle(settlements);
        assert.deepEqual(await sizes(world, endpointId), { lane: 2, stream: 1, entries: 1, waiting: 2 });
        assert.deepEqual(await lanes.waitingLanes(), [{ endpointId, nextDueAt: dueAt }]);
      }
      await lanes.settle([{ ...fenced, dueAt: null, fence: later(world, LEASE_MS) }]);
      await lanes.settle([{ ...delivery(world, endpointId), dueAt, fence: null }]);
      assert.deepEqual(await sizes(world, endpointId), { lane: 1, stream: 0, entries: 0, waiting: 1 });
      world.clock.advance(700);
      assert.equal((await take(world, lanes, endpointId)).length, 1);
    }),
  );

  test(
    'a released delivery is due again, with exactly one entry that wakes a deliverer',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const endpointId = endpoint(world);
      const item = delivery(world, endpointId, later(world, 100));
      await lanes.enqueue([item]);
      world.clock.advance(100);
      await take(world, lanes, endpointId);
      await lanes.requeue([{ ...item, dueAt: later(world, 300) }]);
      assert.deepEqual(await sizes(world, endpointId), { lane: 1, stream: 0, entries: 0, waiting: 1 });
      assert.deepEqual(await take(world, lanes, endpointId), []);
      for (let times = 0; times < 2; times++) {
        await lanes.requeue([{ ...item, dueAt: world.clock.now() }]);
        assert.deepEqual(await sizes(world, endpointId), { lane: 1, stream: 1, entries: 1, waiting: 1 });
      }
      assert.equal((await take(world, lanes, endpointId)).length, 1);
      await lanes.remove(endpointId, [item.deliveryId, delivery(world, endpointId).deliveryId]);
      await lanes.remove(endpointId, []);
      assert.deepEqual(await sizes(world, endpointId), { lane: 0, stream: 0, entries: 0, waiting: 0 });
    }),
  );

  test(
    'at maxmemory deliveries are still added, claimed and settled, which frees memory',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const endpointId = endpoint(world);
      await world.fillMemory();
      const items = [delivery(world, endpointId), delivery(world, endpointId)];
      assert.equal(await lanes.enqueue(items), 2);
      const [one, two] = await take(world, lanes, endpointId);
      assert.ok(one && two);
      await lanes.requeue([{ ...items[0], endpointId, deliveryId: one.deliveryId, dueAt: NOW }]);
      await lanes.settle([one, two].map(({ deliveryId }) => ({ endpointId, deliveryId, dueAt: null, fence: null })));
      assert.deepEqual(await sizes(world, endpointId), { lane: 0, stream: 0, entries: 0, waiting: 0 });
    }),
  );

  test(
    'after the server lost its memory everything answers, and the lanes fill anew',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const endpointId = endpoint(world);
      const items = [delivery(world, endpointId), delivery(world, endpointId)];
      await lanes.enqueue(items);
      await take(world, lanes, endpointId);
      await server.command('FLUSHALL');
      await server.command('SCRIPT', 'FLUSH');
      await lanes.settle(items.map((item) => ({ ...item, dueAt: null, fence: null })));
      await lanes.requeue(items);
      assert.deepEqual(await take(world, lanes, endpointId), []);
      assert.deepEqual(await lanes.waitingLanes(), []);
      assert.deepEqual([await lanes.waiting(), await lanes.oldestDue(world.clock.now())], [0, null]);
      assert.equal(await lanes.enqueue(items), 2);
      assert.equal((await take(world, lanes, endpointId)).length, 2);
    }),
  );

  test(
    'returns all of many lanes while others are added and removed',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const lasting = Array.from({ length: 12_000 }, () => delivery(world, endpoint(world), later(world, 60_000)));
      await lanes.enqueue(lasting);
      const passing = Array.from({ length: 6_000 }, () => delivery(world, endpoint(world)));
      await lanes.enqueue(passing);
      const looking = lanes.waitingLanes();
      await lanes.settle(passing.map((item) => ({ ...item, dueAt: null, fence: null })));
      const found = new Map((await looking).map(({ endpointId, nextDueAt }) => [endpointId, nextDueAt]));
      assert.equal((await looking).length, found.size, 'each once');
      for (const { endpointId, dueAt } of lasting) assert.equal(found.get(endpointId), dueAt);
    }),
  );

  test(
    'the oldest: since it came due, or since it was made',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      assert.equal(await lanes.oldestDue(world.clock.now()), null);
      await lanes.enqueue([delivery(world, endpoint(world), later(world, 5_000))]);
      assert.equal(await lanes.oldestDue(world.clock.now()), null);
      const made = world.clock.now();
      await lanes.enqueue([delivery(world, endpoint(world))]);
      world.clock.advance(300);
      assert.equal(await lanes.oldestDue(world.clock.now()), made);
      await lanes.enqueue([delivery(world, endpoint(world), addMs(made, -1))]);
      assert.equal(await lanes.oldestDue(world.clock.now()), addMs(made, -1));
    }),
  );

  test(
    'announces a delivery to one of two processes; an unsettled one is announced to all within seconds',
    inWorld(async (world) => {
      const [a, b] = [listener(lanesOf(world)), listener(lanesOf(world, 'b'))];
      await sleep(200);
      const endpointIds = Array.from({ length: 20 }, () => endpoint(world));
      // By a clock that is ahead of theirs: their look once a second does not find what is due by it.
      const clock = { ...world.clock, now: () => later(world, 60_000), monotonicMs: () => world.clock.monotonicMs() };
      const ahead = world.use(new DeliveryLanes({ redis: world.redis, consumer: 'ahead', clock }));
      await ahead.enqueue(endpointIds.map((endpointId) => delivery(world, endpointId, later(world, 60_000))));
      await eventually(() => assert.equal(new Set([...a.told, ...b.told]).size, 20));
      assert.equal(a.told.length + b.told.length, 20, 'each to one of them');
      world.clock.advance(60_000);
      await eventually(() => {
        assert.equal(new Set(a.told).size, 20);
        assert.equal(new Set(b.told).size, 20);
      });
    }),
  );

  test(
    'announces retries when they are due, and nothing else',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const heard = listener(lanes);
      const endpointId = endpoint(world);
      await lanes.enqueue([delivery(world, endpointId, later(world, 60_000))]);
      await sleep(1_300);
      assert.deepEqual(heard.told, []);
      world.clock.advance(60_000);
      await eventually(() => assert.deepEqual(new Set(heard.told), new Set([endpointId])));
    }),
  );

  test(
    'announces every lane although thousands are due at the same time',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const endpointIds = Array.from({ length: 2_500 }, () => endpoint(world));
      await lanes.enqueue(endpointIds.map((endpointId) => delivery(world, endpointId)));
      // Another was woken for them, and died.
      const dead = listener(lanesOf(world, 'dead'));
      await eventually(() => assert.equal(new Set(dead.told).size, 2_500));
      dead.end();
      const heir = listener(lanes);
      await eventually(() => assert.equal(new Set(heir.told).size, 2_500));
    }),
  );

  test(
    'continues to listen after a flush and after a restart of the server',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const heard = listener(lanes);
      const [one, two] = [endpoint(world), endpoint(world)];
      await sleep(200);
      await server.command('FLUSHALL');
      await lanes.enqueue([delivery(world, one)]);
      await eventually(() => assert.ok(heard.told.includes(one)));
      await server.kill();
      await sleep(300);
      await server.startAgain();
      await eventually(() => lanes.enqueue([delivery(world, two)]));
      await eventually(() => assert.ok(heard.told.includes(two)));
    }),
  );

  test(
    'a stopped listener gets nothing, holds no connection, and can start again',
    inWorld(async (world) => {
      const lanes = lanesOf(world);
      const connections = async () =>
        String(await server.command('CLIENT', 'LIST'))
          .trim()
          .split('\n').length;
      const before = await connections();
      const [first, second] = [listener(lanes), listener(lanes)];
      await eventually(async () => assert.equal(await connections(), before + 1));
      first.end();
      first.end();
      await lanes.enqueue([delivery(world, endpoint(world))]);
      await eventually(() => assert.ok(second.told.length > 0));
      assert.deepEqual(first.told, []);
      second.end();
      const heard = second.told.length;
      await eventually(async () => assert.equal(await connections(), before));
      await lanes.enqueue([delivery(world, endpoint(world))]);
      await sleep(1_200);
      assert.equal(second.told.length, heard);
      const third = listener(lanes);
      await eventually(() => assert.ok(third.told.length >= 2));
      await lanes.close();
      await eventually(async () => assert.equal(await connections(), before));
    }),
  );

  test(
    'listening to nothing costs nothing to speak of',
    inWorld(async (world) => {
      listener(lanesOf(world));
      await sleep(500);
      const commands = await world.commandsDuring(() => sleep(3_000));
      assert.ok(commands.length <= 8, `${commands}`);
    }),
  );
});

function lanesOf(world: RedisWorld, consumer = 'me'): DeliveryLanes {
  return world.use(new DeliveryLanes({ redis: world.redis, consumer, clock: world.clock }));
}

function endpoint(world: RedisWorld): EndpointId {
  return world.ids.next<EndpointId>();
}

function delivery(world: RedisWorld, endpointId: EndpointId, dueAt: Timestamp = NOW) {
  return { deliveryId: world.ids.next<DeliveryId>(), endpointId, dueAt };
}

function later(world: RedisWorld, ms: number): Timestamp {
  return addMs(world.clock.now(), ms);
}

async function take(world: RedisWorld, lanes: DeliveryLanes, endpointId: EndpointId, limit = 10) {
  const [answer] = await lanes.claim([{ endpointId, limit, leaseMs: LEASE_MS }], world.clock.now());
  return answer?.claimed ?? [];
}

async function sizes(world: RedisWorld, endpointId: EndpointId) {
  const count = async (...command: string[]) => Number(await world.redis.command(...command));
  return {
    lane: await count('ZCARD', `p:lane:${endpointId}`),
    stream: await count('XLEN', 'p:webhook-deliveries'),
    entries: await count('HLEN', 'p:webhook-deliveries:entries'),
    waiting: await count('GET', 'p:webhook-deliveries:waiting'),
  };
}

function listener(lanes: DeliveryLanes) {
  const told: EndpointId[] = [];
  return { told, end: lanes.onDue((endpointIds) => told.push(...endpointIds)) };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
