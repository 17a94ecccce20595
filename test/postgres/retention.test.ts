import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InboxId, OrganizationId } from '../../src/core/ids.ts';
import { addMs, type Timestamp, timestamp } from '../../src/core/time.ts';
import type { RoutedEvent } from '../../src/ports/record/event-record.ts';
import { DAY_MS, deliveryOf, type Process, RecordWorld } from './support.ts';

async function finish(world: RecordWorld, routed: readonly RoutedEvent[]): Promise<void> {
  const { deliveries } = world.process;
  const wanted = routed.map((item) => ({ deliveryId: deliveryOf(item).id, leasedUntil: addMs(world.now, 1_000) }));
  await deliveries.lease(wanted, world.now);
  const attempt = {
    number: 1,
    startedAt: world.now,
    durationMs: 1,
    statusCode: 200,
    error: null,
    errorDetail: null,
    responseExcerpt: '',
  };
  await deliveries.settle(
    wanted.map(({ deliveryId }) => ({ deliveryId, attemptNumber: 1, attempt, next: { status: 'delivered' } })),
    world.now,
  );
}

async function round(process: Process, before: Timestamp, limit = 50): Promise<{ removed: number; steps: number }> {
  let removed = 0;
  let after: string | null = null;
  for (let steps = 1; steps < 1_000; steps++) {
    const step: { removed: number; after: string | null } = await process.eventStore.removeStep({
      before,
      after,
      limit,
    });
    removed += step.removed;
    after = step.after;
    if (after === null) return { removed, steps };
  }
  throw new Error('It does not end');
}

async function days(world: RecordWorld, table = 'events'): Promise<string[]> {
  const { rows } = await world.client.query(
    'SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1',
    [table],
  );
  return rows.map(({ name }) => name.slice(-2));
}

test('days are dropped as a whole with all their rows; a day with a waiting delivery loses its other rows', async (context) => {
  const world = await RecordWorld.open(context);
  const kept: RoutedEvent[] = [];
  for (let day = 10; day < 16; day++) {
    const routed = await world.written(120);
    // On the 12th one is not done.
    await finish(world, day === 12 ? routed.slice(1) : routed);
    if (day === 12) kept.push(...routed.slice(0, 1));
    world.pass(DAY_MS);
  }
  await world.client.query('ANALYZE');
  const { removed, steps } = await round(world.process, timestamp(Date.UTC(2026, 0, 14)));
  assert.equal(removed, 479);
  assert.ok(steps < 12, `${steps} steps`);
  assert.deepEqual(await days(world), ['12', '14', '15']);
  assert.deepEqual(await days(world, 'attempts'), ['12', '14', '15']);
  for (const { event } of kept)
    assert.deepEqual(await world.process.eventStore.get(event.organizationId, event.id), event);
  assert.equal(await world.count('events_20260112'), 1);
  assert.equal(await world.count('deliveries_20260112'), 1);
  assert.equal(await world.count('attempts_20260112'), 0);
  assert.equal(await world.count('events'), 241);

  await finish(world, kept);
  await round(world.process, timestamp(Date.UTC(2026, 0, 14)));
  assert.deepEqual(await days(world), ['14', '15']);
  assert.equal((await round(world.process, timestamp(Date.UTC(2026, 0, 14)))).removed, 0);
});

test('an event stays while its delivery waits, though that is of another day', async (context) => {
  const world = await RecordWorld.open(context);
  const event = world.event();
  world.pass(DAY_MS);
  // The worker was away for a day: fan-out made the delivery then.
  const routed = { event, deliveries: [world.delivery()] };
  await world.process.events.persist([routed]);
  await round(world.process, timestamp(Date.UTC(2026, 0, 11)));
  assert.deepEqual(await days(world), ['10', '11']);
  assert.equal(await world.count('events'), 1);
  await finish(world, [routed]);
  await round(world.process, timestamp(Date.UTC(2026, 0, 11)));
  assert.deepEqual(await days(world), ['11']);
  assert.equal(await world.count('events'), 0);
});

test('inbox messages of a dropped day are removed in bounded steps', async (context) => {
  const world = await RecordWorld.open(context);
  const organizationId = world.id<OrganizationId>();
  await world.client.query("INSERT INTO organizations VALUES ($1, 'Example', 'free', 0)", [organizationId]);
  await world.client.query(`INSERT INTO inboxes VALUES ($1, $2, 'default', '[]', 10, 0, $1, 0)`, [
    world.id<InboxId>(),
    organizationId,
  ]);
  const first = await world.written(1, { organizationId });
  await finish(world, first);
  await world.client.query(
    `INSERT INTO inbox_messages SELECT inboxes.id, ($1 || lpad(to_hex(n), 12, '0'))::uuid, 't', 'acked', 1, null, null
     FROM inboxes, generate_series(1, 12000) AS n`,
    [`${first[0]?.event.id.slice(0, 24)}`],
  );
  world.pass(DAY_MS);
  const [young] = await world.written(1, { organizationId });
  await world.client.query("INSERT INTO inbox_messages SELECT id, $1, 't', 'acked', 1, null, null FROM inboxes", [
    young?.event.id,
  ]);
  const { steps } = await round(world.process, timestamp(Date.UTC(2026, 0, 11)));
  assert.ok(steps >= 4, 'the day, and 5,000 messages a step');
  assert.equal(await world.count('inbox_messages'), 1);
});

test('a day that is being read is dropped by the next round', async (context) => {
  const world = await RecordWorld.open(context);
  await finish(world, await world.written(5));
  world.pass(DAY_MS);
  await world.written(5);
  const reader = await world.connect();
  await reader.query('BEGIN');
  await reader.query('SELECT FROM deliveries LIMIT 1');
  const before = timestamp(Date.UTC(2026, 0, 11));
  const step = await world.process.eventStore.removeStep({ before, after: null, limit: 10 });
  // And the reader still reads.
  assert.equal(step.removed, 0);
  assert.deepEqual(await days(world), ['10', '11']);
  await reader.query('COMMIT');
  await round(world.process, before);
  assert.deepEqual(await days(world), ['11']);
});

test('an event that is written while its day goes is not lost', async (context) => {
  const world = await RecordWorld.open(context);
  const other = world.newProcess();
  const before = timestamp(Date.UTC(2026, 0, 11));
  const late = world.routed(40);
  await finish(world, await world.written(5));
  world.pass(DAY_MS);
  let writing = true;
  const retention = (async () => {
    while (writing) await round(world.process, before);
  })();
  for (const routed of late) await other.events.persist([routed]);
  writing = false;
  await retention;
  assert.equal(await world.count('events'), 40);
  assert.equal(await world.count("deliveries WHERE status = 'pending'"), 40);
});
