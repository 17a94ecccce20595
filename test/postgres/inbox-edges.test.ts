import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import type { EventId, LeaseId, OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { addMs } from '../../src/core/time.ts';
import { InboxRecord, Writer } from './inbox-record.ts';

const ALL = { status: null, limit: 1_000, after: null } as const;

async function withEvents(context: TestContext, count: number, rest: Partial<AcceptedEvent> = {}) {
  const record = await InboxRecord.open(context);
  const store = record.store();
  const client = await record.client();
  const events = record.events(count, rest);
  await new Writer(client).write(events);
  return { record, store, client, inbox: await record.inbox(store), ids: events.map(({ id }) => id) };
}

test('an invalid id is an unknown id', async (context) => {
  const { record, store, inbox, ids } = await withEvents(context, 2);
  const odd = ['', 'x', '\0', "'", ids[0]?.toUpperCase(), `${ids[0]} `, '{1,2}'] as EventId[];
  const leaseId = 'x' as LeaseId;
  assert.deepEqual(await store.ack(inbox, { eventIds: odd, leaseId: null }), {
    acknowledged: 0,
    notFound: odd,
    stale: [],
  });
  const lease = await store.lease(inbox, record.request(10));
  assert.equal(lease?.messages.length, 2);
  assert.deepEqual(await store.ack(inbox, { eventIds: ids, leaseId }), { acknowledged: 0, notFound: [], stale: ids });
  assert.equal((await store.ack(inbox, { eventIds: null, leaseId })).acknowledged, 0);
  assert.deepEqual(await store.release(inbox, { leaseId, eventIds: ids, delayMs: 0 }), { released: 0, stale: ids });
  const some = [...odd, ...ids];
  assert.deepEqual(await store.extend(inbox, { leaseId: lease.id, eventIds: some, leaseMs: 1 }), {
    extended: 2,
    stale: odd,
  });
  assert.deepEqual(await store.requeue(inbox, some), { requeued: 0, notFound: some });
  assert.equal(await store.get(inbox.organizationId, 'a\0b'), undefined);
});

test('leases more data than goes out under the locks', async (context) => {
  const data = JSON.stringify('é"\\'.repeat(25_000)) as JsonText;
  const { record, store, inbox, ids } = await withEvents(context, 8, { data });
  const lease = await store.lease(inbox, record.request(10));
  assert.deepEqual(
    lease?.messages.map(({ event }) => event.id),
    ids,
  );
  for (const { event } of lease?.messages ?? []) assert.equal(event.data, data);
});

test('a message whose event no longer exists blocks nothing', async (context) => {
  const { record, store, client, inbox, ids } = await withEvents(context, 12);
  const { id: leaseId } = (await store.lease(inbox, record.request(10))) ?? { id: record.ids.next<LeaseId>() };
  await store.release(inbox, { leaseId, eventIds: null, delayMs: 0 });
  // The oldest, as retention does, and one in the middle.
  await client.query('DELETE FROM events WHERE id = ANY ($1)', [[...ids.slice(0, 4), ids[6]]]);
  const left = [...ids.slice(4, 6), ...ids.slice(7)];
  for (const status of [null, 'available'] as const) {
    const shown = await store.list(inbox, { ...ALL, status });
    assert.deepEqual(
      shown.map(({ event }) => event.id),
      left,
    );
  }
  const page = await store.list(inbox, { status: 'available', limit: 2, after: null });
  assert.equal(page.length, 2);
  const leased: EventId[] = [];
  for (let count = 0; count < 4; count++) {
    const lease = await store.lease(inbox, record.request(2));
    assert.equal(lease?.messages.length, count < 3 ? 2 : 1);
    leased.push(...(lease?.messages ?? []).map(({ event }) => event.id));
  }
  assert.deepEqual(leased, left);
  // Else each lease of an inbox with very many such would go through all of them first.
  const { rows } = await client.query('SELECT FROM inbox_messages WHERE lease_count = 1');
  assert.equal(rows.length, 4 + 2, 'the oldest, which are gone, and the two last');
  assert.equal(await store.lease(inbox, record.request(2)), undefined);
});

test('an inbox all of whose events are gone has nothing', async (context) => {
  const { record, store, client, inbox } = await withEvents(context, 3);
  await store.lease(inbox, record.request(2));
  await client.query('DELETE FROM events');
  record.at = addMs(record.at, 30_000);
  assert.equal(await store.lease(inbox, record.request(2)), undefined);
  assert.deepEqual(await store.list(inbox, { ...ALL, status: 'available' }), []);
});

test('a message that exceeds a lowered maxLeases is quarantined', async (context) => {
  const { record, store, inbox, ids } = await withEvents(context, 2);
  const { id: leaseId } = (await store.lease(inbox, record.request(1))) ?? { id: record.ids.next<LeaseId>() };
  await store.release(inbox, { leaseId, eventIds: null, delayMs: 0 });
  const lowered = { ...inbox, maxLeases: 1 };
  const lease = await store.lease(lowered, record.request(2));
  assert.deepEqual(
    lease?.messages.map(({ event }) => event.id),
    ids.slice(1),
  );
  const aside = await store.list(lowered, { ...ALL, status: 'quarantined' });
  assert.deepEqual(
    aside.map(({ event, leaseCount }) => [event.id, leaseCount]),
    [[ids[0], 1]],
  );
});

test('an ack that waits for an identical one counts its messages', async (context) => {
  const { record, store, client, inbox, ids } = await withEvents(context, 3);
  const { id: leaseId } = (await store.lease(inbox, record.request(3))) ?? { id: record.ids.next<LeaseId>() };
  for (const ack of [
    { eventIds: ids, leaseId },
    { eventIds: ids, leaseId: null },
  ]) {
    await client.query('BEGIN');
    await client.query("UPDATE inbox_messages SET status = 'acked', lease_id = NULL, due_at = NULL");
    const acking = store.ack(inbox, ack);
    await sleep(30);
    await client.query('COMMIT');
    assert.deepEqual(await acking, { acknowledged: 3, notFound: [], stale: [] });
  }
});

test('an ack that waits for a change of its messages is stale and reverts nothing', async (context) => {
  const { record, store, client, inbox, ids } = await withEvents(context, 3);
  const { id: leaseId } = (await store.lease(inbox, record.request(3))) ?? { id: record.ids.next<LeaseId>() };
  const other = record.ids.next<LeaseId>();
  await client.query('BEGIN');
  await client.query('UPDATE inbox_messages SET lease_id = $1 WHERE event_id = $2', [other, ids[1]]);
  const acking = store.ack(inbox, { eventIds: ids, leaseId });
  await sleep(30);
  await client.query('COMMIT');
  assert.deepEqual(await acking, { acknowledged: 2, notFound: [], stale: ids.slice(1, 2) });
  assert.deepEqual(await store.ack(inbox, { eventIds: null, leaseId: other }), {
    acknowledged: 1,
    notFound: [],
    stale: [],
  });
});

test('a stale ack of a delayed message does not keep it from becoming available', async (context) => {
  const { record, store, inbox, ids } = await withEvents(context, 1);
  const { id: leaseId } = (await store.lease(inbox, record.request(1))) ?? { id: record.ids.next<LeaseId>() };
  await store.release(inbox, { leaseId, eventIds: null, delayMs: 1_000 });
  assert.deepEqual((await store.ack(inbox, { eventIds: ids, leaseId })).stale, ids);
  assert.equal(await store.lease(inbox, record.request(1)), undefined);
  record.at = addMs(record.at, 1_000);
  assert.equal((await store.lease(inbox, record.request(1)))?.messages.length, 1);
});

test('an ack without a lease wins over a concurrent lease', async (context) => {
  const { record, store, client, inbox, ids } = await withEvents(context, 3);
  await client.query('BEGIN');
  const leased = await client.query('SELECT * FROM lease_messages($1, $2, $3, $4, $5, 10, 3, NULL, NULL, NULL, NULL)', [
    inbox.id,
    inbox.organizationId,
    record.ids.next(),
    record.at,
    record.at + 1_000,
  ]);
  assert.equal(leased.rows.length, 4);
  const acking = store.ack(inbox, { eventIds: ids, leaseId: null });
  await sleep(30);
  await client.query('COMMIT');
  assert.equal((await acking).acknowledged, 3);
  assert.equal((await store.list(inbox, { ...ALL, status: 'acked' })).length, 3);
});

test('only messages that are still available when their row is locked are leased', async (context) => {
  const { record, store, client, inbox, ids } = await withEvents(context, 2);
  await store.ack(inbox, { eventIds: ids, leaseId: null });
  const { rows } = await client.query<{ leased_ids: string }>(
    'SELECT leased_ids::text FROM lease_touched_messages($1, $2, $3, 1, 10)',
    [inbox.id, ids, record.ids.next()],
  );
  assert.deepEqual(rows, [{ leased_ids: '{}' }]);
});

test('leases refuse isolation levels in which a statement may miss earlier commits', async (context) => {
  const { client } = await withEvents(context, 1);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await assert.rejects(
    client.query('SELECT lease_messages($1, $1, $1, 0, 0, 1, 1, NULL, NULL, NULL, NULL)', [
      '00000000-0000-0000-0000-000000000000',
    ]),
    /READ COMMITTED/,
  );
});

test('announces to this and other processes, and listens to them', async (context) => {
  const published: OrganizationId[] = [];
  const record = await InboxRecord.open(context);
  const store = record.store(5, (id) => published.push(id));
  const inbox = await record.inbox(store);
  const heard: OrganizationId[] = [];
  const end = store.onAvailable((id) => heard.push(id));
  const { organizationId } = record;
  await store.release(inbox, { leaseId: record.ids.next<LeaseId>(), eventIds: null, delayMs: 0 });
  await store.requeue(inbox, []);
  assert.deepEqual([heard.length, published.length], [2, 2]);
  store.announce(organizationId);
  assert.deepEqual([heard, published.length], [Array(3).fill(organizationId), 2]);
  end();
  store.announce(organizationId);
  assert.equal(heard.length, 3);
});
