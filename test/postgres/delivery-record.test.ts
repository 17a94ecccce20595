import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt } from '../../src/core/delivery/delivery.ts';
import type { DeliveryId, EndpointId } from '../../src/core/ids.ts';
import { addMs, type Timestamp, timestamp } from '../../src/core/time.ts';
import type { Database } from '../../src/engines/redis-postgres/database/index.ts';
import {
  PostgresStatements,
  readDeliveryPage,
  WaitingDeliveries,
} from '../../src/engines/redis-postgres/stores/index.ts';
import { SqlDeliveryStore } from '../../src/engines/stores/deliveries/index.ts';
import type { Settlement } from '../../src/ports/record/delivery-queue.ts';
import { deliveryOf, type Process, RecordWorld } from './support.ts';

function attempt(number: number, rest: Partial<Attempt> = {}): Attempt {
  return {
    number,
    startedAt: timestamp(5),
    durationMs: 12.25,
    statusCode: 200,
    error: null,
    errorDetail: null,
    responseExcerpt: 'ok',
    ...rest,
  };
}

function settle(deliveryId: DeliveryId, attemptNumber: number, retryAt: Timestamp | null = null): Settlement {
  return retryAt === null
    ? { deliveryId, attemptNumber, attempt: attempt(attemptNumber), next: { status: 'delivered' } }
    : {
        deliveryId,
        attemptNumber,
        attempt: attempt(attemptNumber, { statusCode: 500, error: 'status' }),
        next: { status: 'retrying', dueAt: retryAt },
      };
}

async function leaseAll(process: Process, ids: readonly DeliveryId[], now: Timestamp, leaseMs = 1_000) {
  const leasedUntil = addMs(now, leaseMs);
  return process.deliveries.lease(
    ids.map((deliveryId) => ({ deliveryId, leasedUntil })),
    now,
  );
}

test('leases in order: due deliveries with their event, later ones with their time, final ones not at all', async (context) => {
  const world = await RecordWorld.open(context);
  const { deliveries } = world.process;
  const [due, done, leased] = (await world.written(3)).map((routed) => ({ ...routed, id: deliveryOf(routed).id }));
  const later = addMs(world.now, 9_000);
  const [scheduled] = await world.written(1, { deliverAt: later });
  assert.ok(due && done && leased);
  await leaseAll(world.process, [done.id, leased.id], world.now);
  await deliveries.settle([settle(done.id, 1)], world.now);

  const missing = world.id<DeliveryId>();
  const wanted = [missing, due.id, done.id, leased.id, deliveryOf(scheduled).id, due.id];
  const answers = await leaseAll(world.process, wanted, world.now, 5_000);
  const until = addMs(world.now, 5_000);
  assert.deepEqual(answers, [
    { kind: 'gone' },
    {
      kind: 'leased',
      delivery: {
        id: due.id,
        organizationId: due.event.organizationId,
        endpointId: deliveryOf(due).endpointId,
        event: due.event,
        attemptNumber: 1,
        failures: 0,
        origin: null,
        leasedUntil: until,
      },
    },
    { kind: 'gone' },
    { kind: 'later', at: addMs(world.now, 1_000) },
    { kind: 'later', at: later },
    { kind: 'later', at: until },
  ]);
  assert.deepEqual(await deliveries.lease([], world.now), []);
});

test('a lease that ran out is had again, and the attempt that vanished is on record, once', async (context) => {
  const world = await RecordWorld.open(context);
  const [routed] = await world.written(1);
  const { id } = deliveryOf(routed);
  const takenAt = world.now;
  await leaseAll(world.process, [id], world.now, 1_000);
  world.pass(999);
  assert.deepEqual(await leaseAll(world.process, [id], world.now), [{ kind: 'later', at: addMs(takenAt, 1_000) }]);
  world.pass(1);
  const [again] = await leaseAll(world.process, [id], world.now, 1_000);
  assert.equal(again?.kind === 'leased' && again.delivery.attemptNumber, 2);
  const store = deliveryStore(world.process.database);
  const organizationId = routed?.event.organizationId ?? world.id();
  assert.deepEqual(await store.attempts(organizationId, id), [
    {
      number: 1,
      startedAt: takenAt,
      durationMs: 0,
      statusCode: null,
      error: 'interrupted',
      errorDetail: null,
      responseExcerpt: null,
    },
  ]);
});

test('concurrent claims lease each delivery once; the losers are told to come later', async (context) => {
  const world = await RecordWorld.open(context);
  const processes = [world.process, world.newProcess(), world.newProcess()];
  const ids = (await world.written(200)).map((routed) => deliveryOf(routed).id);
  const answers = await Promise.all(
    [0, 1, 2, 3, 4, 5].map((at) => leaseAll(processes[at % 3] ?? world.process, ids.toReversed(), world.now)),
  );
  const taken = answers.flat().filter(({ kind }) => kind === 'leased');
  assert.equal(taken.length, 200);
  assert.equal(answers.flat().filter(({ kind }) => kind === 'later').length, 1_000);

  const locker = await world.connect();
  await locker.query('BEGIN');
  const [routed] = await world.written(1);
  await locker.query('SELECT 1 FROM deliveries WHERE id = $1 FOR UPDATE', [deliveryOf(routed).id]);
  assert.deepEqual(await leaseAll(world.process, [deliveryOf(routed).id], world.now), [
    { kind: 'later', at: addMs(world.now, 1_000) },
  ]);
});

test('settles behind the fence, each attempt once, whatever else is in the batch', async (context) => {
  const world = await RecordWorld.open(context);
  const { deliveries } = world.process;
  const routed = await world.written(4);
  const [one, two, three, four] = routed.map((item) => deliveryOf(item).id) as [
    DeliveryId,
    DeliveryId,
    DeliveryId,
    DeliveryId,
  ];
  await leaseAll(world.process, [one, two, three], world.now);
  world.pass(50);
  const retryAt = addMs(world.now, 1_000);
  const odd = { ...settle(three, 1), attempt: attempt(1, { responseExcerpt: 'a\0b\ud800c', durationMs: 0.5 }) };
  const outcomes = await deliveries.settle(
    [
      settle(two, 7),
      settle(one, 1),
      settle(four, 1),
      settle(two, 1, retryAt),
      settle(one, 1, retryAt),
      odd,
      settle(world.id(), 1),
    ],
    world.now,
  );
  const did = outcomes.map((outcome) => outcome !== undefined);
  assert.deepEqual(did, [false, true, false, true, false, true, false]);
  assert.deepEqual(await deliveries.settle([settle(one, 1), settle(two, 1)], world.now), [undefined, undefined]);
  const store = deliveryStore(world.process.database);
  const record = await Promise.all(
    routed.map(async ({ event }) => {
      const [delivery] = await store.ofEvent(event.organizationId, event.id);
      const attempts = await store.attempts(event.organizationId, delivery?.id ?? world.id());
      return [
        delivery?.status,
        delivery?.nextAttemptAt,
        delivery?.lastError,
        attempts.map(({ responseExcerpt }) => responseExcerpt),
      ];
    }),
  );
  assert.deepEqual(record, [
    ['delivered', null, null, ['ok']],
    ['retrying', retryAt, 'status', ['ok']],
    ['delivered', null, null, ['a\ufffdb\ufffdc']],
    ['pending', addMs(world.now, -50), null, []],
  ]);
  const { rows } = await world.client.query('SELECT failures FROM deliveries WHERE id = $1', [two]);
  assert.equal(rows[0].failures, 1);
});

test('a released claim leaves no trace; a lost lease is ignored', async (context) => {
  const world = await RecordWorld.open(context);
  const { deliveries } = world.process;
  const [routed, other] = await world.written(2);
  const [{ id, endpointId }, lost] = [deliveryOf(routed), deliveryOf(other)];
  await leaseAll(world.process, [id], world.now);
  const dueAt = addMs(world.now, 100);
  const back = { deliveryId: id, attemptNumber: 1, dueAt };
  const returned = [{ ...back, attemptNumber: 7 }, { ...back, deliveryId: lost.id }, back, back];
  assert.deepEqual(await deliveries.release(returned, world.now), [undefined, undefined, { endpointId }, undefined]);
  assert.deepEqual(await leaseAll(world.process, [id], world.now), [{ kind: 'later', at: dueAt }]);
  const [again] = await leaseAll(world.process, [id], dueAt);
  assert.equal(again?.kind === 'leased' && again.delivery.attemptNumber, 1);
});

test('settling, giving back, leasing and ending at once, in any order of ids: no error, no delivery in two states', async (context) => {
  const world = await RecordWorld.open(context);
  const processes = [world.process, world.newProcess(), world.newProcess()];
  const endpointId = world.id<EndpointId>();
  const routed = world.routed(300).map(({ event }) => ({ event, deliveries: [world.delivery({ endpointId })] }));
  await world.process.events.persist(routed);
  const ids = routed.map((item) => deliveryOf(item).id);
  let ended = 0;
  const ender = new WaitingDeliveries(world.newProcess().database, async (_, gone) => {
    ended += gone.length;
  });
  let settled = 0;
  const work = processes.map(async (process) => {
    for (let round = 0; round < 15; round++) {
      const mine = ids.filter(() => Math.random() < 0.3).sort(() => Math.random() - 0.5);
      const answers = await leaseAll(process, mine, world.now, 0);
      const had = answers.flatMap((answer) => (answer.kind === 'leased' ? [answer.delivery] : []));
      const [some, rest] = [had.slice(0, 5), had.slice(5)];
      const outcomes = await process.deliveries.settle(
        some.map(({ id, attemptNumber }) => settle(id, attemptNumber)),
        world.now,
      );
      settled += outcomes.filter((outcome) => outcome !== undefined).length;
      await process.deliveries.release(
        rest.map(({ id, attemptNumber }) => ({ deliveryId: id, attemptNumber, dueAt: timestamp(0) })),
        world.now,
      );
    }
  });
  const end = async () => {
    for (let round = 0; round < 10; round++) await ender.end(endpointId, 'canceled', world.now, 5);
  };
  await Promise.all([...work, end()]);
  for (let count = 1; count > 0; ) count = await ender.end(endpointId, 'skipped', world.now, 100);
  assert.equal(settled + ended, 300);
  const { rows } = await world.client.query(
    "SELECT count(*)::integer AS n FROM deliveries WHERE status = 'pending' OR due_at IS NOT NULL OR leased_until IS NOT NULL",
  );
  assert.equal(rows[0].n, 0);
});

test('the two ways to say unfinished are one: the status, and a time that is set', async (context) => {
  const world = await RecordWorld.open(context);
  const { deliveries } = world.process;
  const ids = (await world.written(6)).map((routed) => deliveryOf(routed).id);
  await leaseAll(world.process, ids.slice(0, 5), world.now);
  const [first, second, third] = ids as [DeliveryId, DeliveryId, DeliveryId];
  await deliveries.settle([settle(first, 1), settle(second, 1, addMs(world.now, 5))], world.now);
  await deliveries.release([{ deliveryId: third, attemptNumber: 1, dueAt: timestamp(0) }], world.now);
  await world.process.events.persist([{ event: world.event(), deliveries: [world.delivery({ status: 'skipped' })] }]);
  const { rows } = await world.client.query(
    `SELECT count(*)::integer AS n FROM deliveries
     WHERE (status IN ('pending', 'retrying')) <> (due_at IS NOT NULL OR leased_until IS NOT NULL)`,
  );
  assert.equal(rows[0].n, 0);
});

test('reads unfinished deliveries in steps, and dedup ids newest first', async (context) => {
  const world = await RecordWorld.open(context);
  const { deliveries } = world.process;
  assert.equal(await deliveries.lastEventId(), null);
  const all = [];
  for (let day = 0; day < 3; day++) {
    all.push(...(await world.written(4, { dedupId: `d${day}` })), ...(await world.written(1)));
    world.pass(86_400_000);
  }
  const done = deliveryOf(all[6]).id;
  await leaseAll(world.process, [done], world.now);
  await deliveries.settle([settle(done, 1)], world.now);
  const walked: DeliveryId[] = [];
  for (let after: DeliveryId | null = null; ; ) {
    const step = await deliveries.waitingStep({ after, limit: 4 });
    walked.push(...step.map(({ deliveryId }) => deliveryId));
    after = step.at(-1)?.deliveryId ?? null;
    if (after === null) break;
  }
  assert.deepEqual(
    walked,
    all.map((routed) => deliveryOf(routed).id).filter((id) => id !== done),
  );

  const since = addMs(world.now, -2 * 86_400_000);
  const marked = all
    .map(({ event }) => event)
    .filter(({ dedupId, createdAt }) => dedupId !== null && createdAt >= since);
  const first = await deliveries.dedupStep({ after: null, since, limit: 5 });
  const second = await deliveries.dedupStep({ after: first.at(-1)?.eventId ?? null, since, limit: 5 });
  assert.deepEqual(
    [...first, ...second],
    marked
      .toReversed()
      .map(({ organizationId, dedupId, id, createdAt }) => ({ organizationId, dedupId, eventId: id, createdAt })),
  );
  assert.equal(await deliveries.lastEventId(), all.at(-1)?.event.id);
});

function deliveryStore(database: Database): SqlDeliveryStore {
  return new SqlDeliveryStore(new PostgresStatements(database), (page) => readDeliveryPage(database, page));
}
