import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wantsEventType } from '../../src/core/events/event-type.ts';
import type { DeliveryId, EventId, InboxId, OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { addMs, timestamp } from '../../src/core/time.ts';
import { RecordRefused, type RoutedEvent } from '../../src/ports/record/event-record.ts';
import { EngineUnavailable } from '../../src/ports/unavailable.ts';
import { DAY_MS, deliveryOf, RecordWorld, untilSomebodyWaits } from './support.ts';

test('writes events with their deliveries and returns the unfinished ones', async (context) => {
  const world = await RecordWorld.open(context);
  const deliverAt = addMs(world.now, 5_000);
  const odd = 'a"b\\c{},NULL \\u0000 é 🙂 \n\t\u007f\u{10ffff}';
  const event = world.event({
    data: JSON.stringify({ odd }) as JsonText,
    dedupId: odd,
    orderingKey: '',
    deliverAt,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    hops: 3,
  });
  const plain = world.event();
  const [pending, skipped, other] = [world.delivery(), world.delivery({ status: 'skipped' }), world.delivery()];
  const waiting = await world.process.events.persist([
    { event: plain, deliveries: [other] },
    { event, deliveries: [pending, skipped] },
    { event: { ...plain, type: 'second.of.the.same' }, deliveries: [world.delivery()] },
  ]);
  assert.deepEqual(
    new Set(waiting),
    new Set([
      { deliveryId: pending.id, endpointId: pending.endpointId, at: deliverAt },
      { deliveryId: other.id, endpointId: other.endpointId, at: 0 },
    ]),
  );
  const { eventStore } = world.process;
  assert.deepEqual(await eventStore.get(event.organizationId, event.id), event);
  assert.deepEqual(await eventStore.get(plain.organizationId, plain.id), plain);
  const { rows } = await world.client.query('SELECT * FROM deliveries WHERE id = $1', [skipped.id]);
  assert.deepEqual(
    [rows[0].status, rows[0].due_at, rows[0].leased_until, rows[0].attempts, Number(rows[0].created_at)],
    ['skipped', null, null, 0, event.createdAt],
  );
  assert.equal(await world.count('deliveries'), 3);
  assert.deepEqual(await world.process.events.persist([]), []);
});

test('a repeated write changes nothing and returns what is still unfinished', async (context) => {
  const world = await RecordWorld.open(context);
  const old = await world.written(4);
  const { deliveries } = world.process;
  const leasedUntil = addMs(world.now, 15_000);
  await deliveries.lease(
    old.slice(0, 2).map((routed) => ({ deliveryId: deliveryOf(routed).id, leasedUntil })),
    world.now,
  );
  const settled = deliveryOf(old[0]);
  await deliveries.settle([settlement(settled.id)], world.now);
  // Another worker's fan-out makes other deliveries; days later.
  world.pass(3 * DAY_MS);
  const again = old.map(({ event }) => ({ event, deliveries: [world.delivery()] }));
  const fresh = world.routed(1);
  const waiting = await world.process.events.persist([...fresh, ...again]);
  const expected = [
    [deliveryOf(old[1]).id, leasedUntil],
    [deliveryOf(old[2]).id, 0],
    [deliveryOf(old[3]).id, 0],
    [deliveryOf(fresh[0]).id, 0],
  ];
  assert.deepEqual(
    new Map(waiting.map(({ deliveryId, at }) => [deliveryId as string, at])),
    new Map(expected as never),
  );
  assert.equal(await world.count('deliveries'), 5);
});

function settlement(deliveryId: DeliveryId) {
  const attempt = {
    number: 1,
    startedAt: timestamp(0),
    durationMs: 1,
    statusCode: 200,
    error: null,
    errorDetail: null,
    responseExcerpt: '',
  };
  return { deliveryId, attemptNumber: 1, attempt, next: { status: 'delivered' as const } };
}

test('workers that write the same at once write it once, and each learns of all that waits', async (context) => {
  const world = await RecordWorld.open(context);
  const workers = [world.process, world.newProcess(), world.newProcess()];
  for (let round = 0; round < 5; round++) {
    const events = world.routed(300);
    const batches = workers.map((_, at) =>
      // In another order each, with a fan-out of its own, and all three on a day that nobody has made.
      rotated(events, at * 100).map(({ event }) => ({ event, deliveries: [world.delivery(), world.delivery()] })),
    );
    const answers = await Promise.all(workers.map((worker, at) => worker.events.persist(batches[at] ?? [])));
    const { rows } = await world.client.query('SELECT id FROM deliveries WHERE event_id = ANY ($1)', [
      events.map(({ event }) => event.id),
    ]);
    assert.equal(rows.length, 600);
    const there = new Set(rows.map(({ id }) => id));
    for (const answer of answers) assert.deepEqual(new Set(answer.map(({ deliveryId }) => deliveryId)), there);
    world.pass(DAY_MS);
  }
});

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  return [...items.slice(by), ...items.slice(0, by)];
}

test('an event that cannot be written is refused without its content in the error; nothing of the call is stored', async (context) => {
  const world = await RecordWorld.open(context);
  const poison: Partial<RoutedEvent['event']>[] = [
    { data: '"secret\0"' as JsonText },
    { dedupId: 'secret\0' },
    { id: 'secret' as EventId },
    { id: 'c3d5a1de-0f6c-4f3c-8f57-5a6f6f6f6f6f' as EventId },
    { id: 'ffffffff-ffff-7fff-bfff-ffffffffffff' as EventId },
    { organizationId: 'secret' as OrganizationId },
    { type: 'secret'.repeat(100_000) },
  ];
  for (const part of poison) {
    const bad: RoutedEvent = { event: world.event(part), deliveries: [] };
    await assert.rejects(world.process.events.persist([...world.routed(2), bad]), (error) => {
      assert.ok(error instanceof RecordRefused, String(error));
      assert.ok(!error.message.includes('secret'));
      return true;
    });
  }
  const taken = world.routed(1);
  await world.process.events.persist(taken);
  const clash = [{ event: world.event(), deliveries: [deliveryOf(taken[0])] }];
  await assert.rejects(world.process.events.persist(clash), RecordRefused, 'the id of a delivery that is there');
  assert.equal(await world.count('events'), 1);
  const { rows } = await world.client.query(
    "SELECT count(*)::integer AS days FROM pg_class WHERE relname ~ '^events_2[0-9]+$'",
  );
  assert.equal(rows[0].days, 1);
});

test("a dropped day is created again; a detached one is not the event's fault", async (context) => {
  const world = await RecordWorld.open(context);
  await world.written(1);
  await world.client.query('DROP TABLE events_20260110');
  await world.written(2);
  assert.equal(await world.count('events'), 2);
  await world.client.query('ALTER TABLE deliveries DETACH PARTITION deliveries_20260110');
  await assert.rejects(world.process.events.persist(world.routed(1)), (error) => {
    assert.ok(error instanceof EngineUnavailable);
    assert.equal(error.code, 'storage_failed');
    return true;
  });
});

test('days are created during reads and writes, by the first writer', async (context) => {
  const world = await RecordWorld.open(context);
  await world.written(1);
  const reader = await world.connect();
  await reader.query('BEGIN');
  await reader.query('SELECT count(*) FROM events JOIN deliveries ON event_id = events.id JOIN attempts ON true');
  const writer = await world.connect();
  await writer.query('BEGIN');
  await writer.query('UPDATE deliveries SET due_at = 1');
  world.pass(DAY_MS);
  await Promise.all(
    [world.process, world.newProcess(), world.newProcess()].map((one) => one.partitions.ensureAhead(world.now)),
  );
  await world.written(1);
  await writer.query('ROLLBACK');
  await reader.query('ROLLBACK');
  const { rows } = await world.client.query(
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass ORDER BY 1",
  );
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['events_20260110', 'events_20260111', 'events_20260112'],
  );
  const indexes = 'SELECT count(*)::integer AS n FROM pg_index WHERE indrelid = $1::regclass AND indisvalid';
  for (const table of ['events', 'deliveries', 'attempts']) {
    const [parent, day] = await Promise.all(
      [table, `${table}_20260112`].map(async (name) => (await world.client.query(indexes, [name])).rows[0].n),
    );
    assert.equal(day, parent, table);
  }
});

test('the last moment of a day and the first of the next are in their days', async (context) => {
  const world = await RecordWorld.open(context);
  const midnight = Date.UTC(2026, 0, 11);
  world.now = timestamp(midnight - 1);
  await world.written(3);
  world.now = timestamp(midnight);
  await world.written(2);
  assert.equal(await world.count('events_20260110'), 3);
  assert.equal(await world.count('events_20260111'), 2);
});

test('an event that comes after the cursor of an inbox has passed it becomes a row there', async (context) => {
  const world = await RecordWorld.open(context);
  const organizationId = world.id<OrganizationId>();
  const inboxId = world.id<InboxId>();
  await world.client.query("INSERT INTO organizations VALUES ($1, 'Example', 'free', 0)", [organizationId]);
  const early = world.routed(2, { organizationId });
  const cursor = world.id();
  await world.client.query("INSERT INTO inboxes VALUES ($1, $2, 'default', '[]', 10, 0, $3, 0)", [
    inboxId,
    organizationId,
    cursor,
  ]);
  const late = world.routed(1, { organizationId });
  const strange = world.routed(1);
  await world.process.events.persist([...early, ...late, ...strange]);
  await world.process.events.persist(early);
  const { rows } = await world.client.query('SELECT * FROM inbox_messages ORDER BY event_id');
  assert.deepEqual(
    rows.map((row) => [row.inbox_id, row.event_id, row.event_type, row.status, row.lease_count]),
    early.map(({ event }) => [inboxId, event.id, 'order.created', 'available', 0]),
  );
});

test('a writer waits only for a cursor move of its organization', async (context) => {
  const world = await RecordWorld.open(context);
  const organizationId = world.id<OrganizationId>();
  const leaser = await world.connect();
  await leaser.query('BEGIN');
  await leaser.query('SELECT pg_advisory_xact_lock(7464, hashtext($1::uuid::text))', [organizationId]);
  await world.written(1);
  const held = world.written(1, { organizationId });
  await untilSomebodyWaits(world.client);
  assert.equal(await world.count('events'), 1);
  await leaser.query('COMMIT');
  await held;
  assert.equal(await world.count('events'), 2);
});

test('inbox_wants agrees with core/events/event-type.ts', async (context) => {
  const world = await RecordWorld.open(context);
  const segment = fc.constantFrom('a', 'b', 'order', 'x_1', 'a-b');
  const type = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('.'));
  const pattern = fc
    .array(fc.oneof({ weight: 3, arbitrary: segment }, fc.constantFrom('*', '**')), { minLength: 1, maxLength: 4 })
    .map((segments) => segments.join('.'));
  const cases = fc.sample(fc.tuple(fc.array(pattern, { maxLength: 3 }), type), 2_000);
  const { rows } = await world.client.query(
    'SELECT inbox_wants(one.patterns, one.type) AS wants FROM unnest($1::text[], $2::text[]) AS one (patterns, type)',
    [cases.map(([patterns]) => JSON.stringify(patterns)), cases.map(([, eventType]) => eventType)],
  );
  for (const [at, [patterns, eventType]] of cases.entries()) {
    assert.equal(rows[at].wants, wantsEventType(patterns, eventType), `${patterns} ${eventType}`);
  }
});
