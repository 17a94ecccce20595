import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Inbox, Lease } from '../../src/core/administration/inbox.ts';
import type { EventId } from '../../src/core/ids.ts';
import { addMs } from '../../src/core/time.ts';
import type { PostgresInboxStore } from '../../src/engines/redis-postgres/inbox/inbox-store.ts';
import { InboxRecord, Writer } from './inbox-record.ts';

const EVENTS = 6_000;
const WRITERS = 6;
const PROCESSES = 3;
const CONSUMERS = 4;
const TYPES = ['a', 'a.b', 'c.d', 'e'];
const NARROWINGS = [[], [], [], ['a.**'], ['c.*', 'e'], ['*']];

test('events that commit in any order, while many lease: none is lost, none is held twice', async (context) => {
  const record = await InboxRecord.open(context);
  const events = record.events(EVENTS).map((event, at) => ({ ...event, type: TYPES[at % TYPES.length] ?? '' }));
  const unwritten = shuffled(events);
  let writing = true;
  const eventRecord = record.eventRecord();
  const writers = Array.from({ length: WRITERS }, async () => {
    const writer = new Writer(await record.client());
    while (unwritten.length > 0) {
      const batch = unwritten.splice(0, 1 + Math.floor(Math.random() * 40));
      if (Math.random() < 0.5) {
        await eventRecord.persist(batch.map((event) => ({ event, deliveries: [] })));
        continue;
      }
      await writer.begin(record.organizationId);
      await writer.insert(batch.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
      if (Math.random() < 0.3) await sleep(Math.random() * 10);
      await writer.commit(batch);
    }
  });

  const consumption = new Consumption(record);
  const consumers = Array.from({ length: PROCESSES }, () => record.store()).flatMap((store) =>
    Array.from({ length: CONSUMERS }, () => consumption.run(store, () => writing)),
  );
  await Promise.all(writers);
  writing = false;
  await Promise.all(consumers);
  // Who released last may have done so after the others had gone.
  const store = record.store();
  const inbox = await record.inbox(store);
  const rest = (await store.lease({ ...inbox, maxLeases: 1_000 }, record.request(1_000)))?.messages ?? [];
  const quarantined = await store.list(inbox, { status: 'quarantined', limit: 1_000, after: null });
  for (const { event } of [...rest, ...quarantined]) consumption.acked.add(event.id);
  assert.equal(consumption.acked.size, EVENTS);
});

test('a lease waits for a running write and sees its events', async (context) => {
  const record = await InboxRecord.open(context);
  const store = record.store();
  const inbox = await record.inbox(store);
  const [slow, fast] = [new Writer(await record.client()), new Writer(await record.client())];
  // More often than a prepared statement is planned anew.
  for (let round = 0; round < 8; round++) {
    const [early, late] = [record.events(1), record.events(1)];
    await slow.begin(record.organizationId);
    await slow.insert(early);
    await fast.write(late);
    let ended = false;
    const leasing = store.lease(inbox, record.request(10)).finally(() => {
      ended = true;
    });
    await sleep(30);
    assert.equal(ended, false);
    await slow.commit(early);
    assert.deepEqual(
      (await leasing)?.messages.map(({ event }) => event.id),
      [early[0]?.id, late[0]?.id],
    );
  }
});

test('the record’s own writer waits for a lease that moves the cursor', async (context) => {
  const record = await InboxRecord.open(context);
  const store = record.store();
  const inbox = await record.inbox(store);
  const eventRecord = record.eventRecord();
  const leaser = await record.client();
  const [early, late] = [record.events(1), record.events(1)];
  await eventRecord.persist(late.map((event) => ({ event, deliveries: [] })));
  await leaser.query('BEGIN');
  await leaser.query('SELECT lease_messages($1, $2, $3, 0, 1, 10, 10, NULL, NULL, NULL, NULL)', [
    inbox.id,
    inbox.organizationId,
    record.ids.next(),
  ]);
  let ended = false;
  const persisting = eventRecord.persist(early.map((event) => ({ event, deliveries: [] }))).finally(() => {
    ended = true;
  });
  await sleep(30);
  assert.equal(ended, false);
  await leaser.query('COMMIT');
  await persisting;
  const leased = (await store.list(inbox, { status: null, limit: 10, after: null })).map(({ event }) => event.id);
  assert.deepEqual(leased, [early[0]?.id, late[0]?.id]);
  assert.ok((await store.lease(inbox, record.request(10)))?.messages.some(({ event }) => event.id === early[0]?.id));
});

test('an event whose writer comes after the cursor has gone past it gets a row', async (context) => {
  const record = await InboxRecord.open(context);
  const store = record.store();
  const inbox = await record.inbox(store);
  const writer = new Writer(await record.client());
  const [early, late] = [record.events(1), record.events(1)];
  await writer.write(late);
  assert.equal((await store.lease(inbox, record.request(10)))?.messages.length, 1);
  await writer.write(early);
  assert.deepEqual((await store.lease(inbox, record.request(10)))?.messages[0]?.event.id, early[0]?.id);
});

test('concurrent leases share expired messages, and none is empty while messages remain', async (context) => {
  const record = await InboxRecord.open(context);
  const stores = Array.from({ length: 5 }, () => record.store());
  const [first] = stores;
  assert.ok(first !== undefined);
  const inbox = await record.inbox(first);
  await new Writer(await record.client()).write(record.events(1_200));
  for (let count = 0; count < 2; count++) await first.lease(inbox, record.request(1_000));
  record.at = addMs(record.at, 30_000);
  const leases = await Promise.all(
    Array.from({ length: 30 }, (_, at) => stores[at % stores.length]?.lease(inbox, record.request(40))),
  );
  const ids = leases.flatMap((lease) => lease?.messages.map(({ event }) => event.id) ?? []);
  assert.equal(ids.length, 1_200);
  assert.equal(new Set(ids).size, 1_200);
});

test('a lease waits for the previous one, and gets the messages that it woke or skipped', async (context) => {
  const record = await InboxRecord.open(context);
  const store = record.store();
  const inbox = await record.inbox(store);
  await new Writer(await record.client()).write([...record.events(5), ...record.events(5, { type: 'b' })]);
  await store.lease(inbox, record.request(4));
  record.at = addMs(record.at, 30_000);
  const other = await record.client();
  await other.query('BEGIN');
  const others = await other.query('SELECT * FROM lease_messages($1, $2, $3, $4, $5, 10, 1, $6, $7, $8, $6)', [
    inbox.id,
    inbox.organizationId,
    record.ids.next(),
    record.at,
    record.at + 1_000,
    ['b'],
    ['order.created'],
    [],
  ]);
  assert.equal(others.rows.length, 2);
  let ended = false;
  const leasing = store.lease(inbox, record.request(100)).finally(() => {
    ended = true;
  });
  await sleep(30);
  assert.equal(ended, false);
  await other.query('COMMIT');
  assert.equal((await leasing)?.messages.length, 9);
});

test('leases that wait for an inbox leave the other connections free', async (context) => {
  const record = await InboxRecord.open(context);
  const store = record.store(2);
  const inbox = await record.inbox(store);
  await new Writer(await record.client()).write(record.events(20));
  const other = await record.client();
  await other.query('BEGIN');
  await other.query('SELECT pg_advisory_xact_lock(7465, hashtext($1))', [inbox.id]);
  const leases = Array.from({ length: 20 }, () => store.lease(inbox, record.request(1)));
  await sleep(30);
  assert.equal((await record.inbox(store)).id, inbox.id);
  await other.query('COMMIT');
  assert.equal(new Set((await Promise.all(leases)).map((lease) => lease?.messages[0]?.event.id)).size, 20);
});

test('a lease that finds nothing writes nothing', async (context) => {
  const record = await InboxRecord.open(context);
  const store = record.store();
  const inbox = await record.inbox(store);
  const client = await record.client();
  // Who wrote or locked a row, and where it stands. Of this database alone: transactions are numbered over all of a server's.
  const rowsOf = async () => {
    const versions = (table: string) => `SELECT '${table}' AS name, xmin::text, xmax::text, ctid::text FROM ${table}`;
    const tables = ['inboxes', 'inbox_messages', 'events', 'organizations'];
    return (await client.query(`${tables.map(versions).join(' UNION ALL ')} ORDER BY 1, 4`)).rows;
  };
  const before = await rowsOf();
  assert.ok(before.length > 0);
  for (const types of [[], ['a.*']]) assert.equal(await store.lease(inbox, record.request(10, types)), undefined);
  assert.deepEqual(await rowsOf(), before);
});

/** Some consumers, and what they must never see. */
class Consumption {
  readonly acked = new Set<EventId>();
  readonly #held = new Set<EventId>();
  readonly #record: InboxRecord;

  constructor(record: InboxRecord) {
    this.#record = record;
  }

  /** Leases in many ways until nothing more is written and nothing is left. */
  async run(store: PostgresInboxStore, writing: () => boolean): Promise<void> {
    const inbox = await this.#record.inbox(store);
    for (let more = true; more; ) {
      const last = !writing();
      const narrowing = last ? [] : (NARROWINGS[Math.floor(Math.random() * NARROWINGS.length)] ?? []);
      const lease = await store.lease(inbox, this.#record.request(1 + Math.floor(Math.random() * 60), narrowing));
      if (lease !== undefined) await this.#consume(store, inbox, lease);
      more = lease !== undefined || !last;
    }
  }

  async #consume(store: PostgresInboxStore, inbox: Inbox, { id: leaseId, messages }: Lease): Promise<void> {
    const ids = messages.map(({ event }) => event.id);
    assert.deepEqual(ids, ids.toSorted(), 'oldest first');
    for (const id of ids) {
      assert.ok(!this.acked.has(id), 'acked before');
      assert.ok(!this.#held.has(id), 'held by another');
      this.#held.add(id);
    }
    if (Math.random() < 0.5) await sleep(Math.random() * 10);
    const back = ids.filter(() => Math.random() < 0.1);
    const done = ids.filter((id) => !back.includes(id));
    for (const id of ids) this.#held.delete(id);
    for (const id of done) this.acked.add(id);
    const ack = { eventIds: done, leaseId: Math.random() < 0.5 ? leaseId : null };
    assert.equal((await store.ack(inbox, ack)).acknowledged, done.length);
    const { released } = await store.release(inbox, { leaseId, eventIds: back, delayMs: 0 });
    assert.equal(released, back.length);
  }
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
