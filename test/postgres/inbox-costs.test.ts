import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import type { Inbox } from '../../src/core/administration/inbox.ts';
import type { LeaseId, OrganizationId } from '../../src/core/ids.ts';
import { timestamp } from '../../src/core/time.ts';
import { InboxRecord, Writer } from './inbox-record.ts';

const SQL = new URL('../../src/engines/redis-postgres/inbox/sql/', import.meta.url);
const ACKED = 30_000;
const BACKLOG = 20_000;
const TYPES = 20;
const LEASED = 100;

/** Of the tables that grow. */
interface Reads {
  /** Whole tables gone through. */
  readonly scanned: number;
  /** Entries of indexes gone through: an index may answer without its table. */
  readonly entries: number;
}

/** Vacuumed: indexes answer without their tables. The last two: plans are made then and kept. */
const STATISTICS = [
  'none',
  'none, but vacuumed',
  'fresh',
  'of the empty inbox',
  'of an inbox in which all was available',
] as const;

type Old = Awaited<ReturnType<typeof oldInbox>>;

const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Nothing is quarantined here. */
const FINDS_NOTHING = new Set(['requeue-messages', 'quarantined-messages']);

/** Each statement with how many rows it may visit. */
const BOUNDS: readonly (readonly [name: string, values: (old: Old) => readonly unknown[], rows: number])[] = [
  // Each event once for its id, once for its content.
  ['lease-messages', ({ take }) => [...take(), null, null, null, null], 6 * LEASED],
  // All that a narrowed lease may look at.
  ['lease-messages', ({ take }) => [...take(), ['type-1'], ['type-2'], [], ['type-1']], 1_000 + 6 * LEASED],
  ['waiting-types', ({ range, at }) => [...range, at, [''], ['~'], 2_000, 500, 1_000], 1_200],
  ['list-messages', ({ range, after, at }) => [...range, after, 50, at, 10, 1_000_000], 200],
  ...['available', 'leased', 'acked', 'quarantined'].map(
    (status) =>
      [
        'list-messages-of-status',
        ({ range, after, at }: Old) => [...range, after, 50, at, 10, status, 1_000_000],
        450,
      ] as const,
  ),
  ['ack-messages', ({ range, held, leaseId, at }) => [...range, held, leaseId, at], 4 * LEASED],
  ['ack-messages', ({ range, held, at }) => [...range, held, null, at], 4 * LEASED],
  ['ack-lease', ({ inbox, leaseId, at }) => [inbox.id, leaseId, at], 4 * LEASED],
  ['release-messages', ({ inbox, leaseId, held, at }) => [inbox.id, leaseId, at, held, null, 10], 4 * LEASED],
  ['extend-messages', ({ inbox, leaseId, held, at }) => [inbox.id, leaseId, at, held, 1], 4 * LEASED],
  ['requeue-messages', ({ inbox, held, at }) => [inbox.id, held, at, 10], 4 * LEASED],
  ['count-quarantined', ({ inbox, at }) => [inbox.organizationId, [inbox.id], [10], at, 1_000], 20],
  ['quarantined-messages', ({ range, after }) => [...range, after, HIGHEST_ID, 500], 20],
  ['wake-messages', ({ inbox, at }) => [inbox.id, at, 10, 500], 20],
  ['event-data', ({ inbox, held }) => [inbox.organizationId, held], 2 * LEASED],
  ['event-sizes', ({ inbox, held }) => [inbox.organizationId, held], 2 * LEASED],
  ['undo-lease', ({ inbox, held, leaseId }) => [inbox.id, held, leaseId], 4 * LEASED],
];

for (const statistics of STATISTICS) {
  test(`an inbox's history costs nothing; statistics: ${statistics}`, async (context) => {
    const old = await oldInbox(context, statistics);
    for (const [name, values, rows] of BOUNDS) {
      const nothing = FINDS_NOTHING.has(name) || values(old).includes('quarantined');
      await assertCheap(() => reads(old.client, name, values(old), nothing ? 0 : 1), rows);
    }
  });
}

for (const statistics of STATISTICS) {
  test(`a lease costs little more than the messages it returns; statistics: ${statistics}`, async (context) => {
    const { client, take, range, inbox } = await oldInbox(context, statistics);
    await client.query(
      "UPDATE inbox_messages SET status = 'available', lease_id = NULL, due_at = NULL WHERE inbox_id = $1",
      [inbox.id],
    );
    const types = Array.from({ length: TYPES }, (_, type) => `type-${type}`);
    await assertCheap(() => reads(client, 'oldest-types', [...range, types, 1_000]), 4 * TYPES);
    await assertCheap(() => reads(client, 'lease-messages', [...take(), null, null, null, null]), 6 * LEASED);
    // A few of each type twice, those that are taken three times; with those that are gone since.
    await assertCheap(() => reads(client, 'lease-messages', [...take(), types, [], [], types]), 16 * LEASED);
  });
}

for (const statistics of STATISTICS) {
  test(`later events of other organizations cost nothing; statistics: ${statistics}`, async (context) => {
    const { record, client, take, range, at, inbox } = await oldInbox(context, statistics);
    const organizationId = record.ids.next<OrganizationId>();
    const writer = new Writer(await record.client());
    await client.query('UPDATE inboxes SET cursor_event_id = $1 WHERE id = $2', [record.ids.next(), inbox.id]);
    for (let written = 0; written < BACKLOG; written += 1_000)
      await writer.write(record.events(1_000, { organizationId }));
    if (statistics === 'fresh') await client.query('VACUUM ANALYZE');
    await assertCheap(() => reads(client, 'lease-messages', [...take(), null, null, null, null]), 6 * LEASED);
    await assertCheap(() => reads(client, 'waiting-types', [...range, at, [], [], 1, 1, 1_000], 0), 6 * LEASED);
    await assertCheap(
      () => reads(client, 'list-messages', [...range, record.ids.next(), 50, at, 10, 1_000_000], 0),
      6 * LEASED,
    );
  });
}

test('a probe that sees a whole table gone through', async (context) => {
  const { client } = await oldInbox(context, 'fresh');
  await client.query('BEGIN');
  await client.query('SELECT count(*) FROM inbox_messages WHERE lease_count > 0');
  assert.ok((await readsSoFar(client)).scanned >= ACKED);
});

/** An inbox that acked very much, holds a lease, and has very much before it. */
async function oldInbox(context: TestContext, statistics: (typeof STATISTICS)[number]) {
  const record = await (PLANNED_EARLY.has(statistics)
    ? filledAfterPlanning(context, statistics)
    : InboxRecord.openFilled(context, 'old_inbox', fill));
  const client = connections.get(record) ?? (await record.client());
  if (statistics === 'none, but vacuumed') await client.query('VACUUM');
  if (statistics === 'fresh') await client.query('VACUUM ANALYZE');
  const inbox = await record.inbox(record.store());
  const { rows: held } = await client.query<{ id: string; lease: string }>(
    "SELECT event_id AS id, lease_id AS lease FROM inbox_messages WHERE status = 'leased' ORDER BY event_id",
  );
  const { rows: middle } = await client.query<{ id: string }>('SELECT id FROM events ORDER BY id LIMIT 1 OFFSET $1', [
    ACKED / 2,
  ]);
  assert.equal(held.length, LEASED);
  return {
    record,
    at: record.at,
    client,
    inbox,
    leaseId: held[0]?.lease as string,
    held: held.map(({ id }) => id),
    after: middle[0]?.id as string,
    range: [inbox.id, inbox.organizationId],
    take: () => [
      inbox.id,
      inbox.organizationId,
      record.ids.next<LeaseId>(),
      record.at,
      record.at + 1_000,
      inbox.maxLeases,
      LEASED,
    ],
  };
}

/** A record is filled once and copied; where a connection has plans from before, it is filled under that connection. */
const connections = new WeakMap<InboxRecord, pg.Client>();
const PLANNED_EARLY = new Set<string>(['of the empty inbox', 'of an inbox in which all was available']);

async function filledAfterPlanning(context: TestContext, statistics: string): Promise<InboxRecord> {
  const record = await InboxRecord.open(context);
  const client = await record.client();
  connections.set(record, client);
  // Whoever fills it is on other connections, and has no statistics either: without this each ack goes through a table.
  await client.query(`ALTER DATABASE ${new URL(record.url).pathname.slice(1)} SET enable_seqscan = off`);
  const inbox = await record.inbox(record.store());
  if (statistics === 'of the empty inbox') await planAll(record, client, inbox);
  await fill(record, async () => {
    if (statistics === 'of the empty inbox') return;
    await client.query(
      "INSERT INTO inbox_messages SELECT $1, id, type, 'available', 0 FROM events WHERE organization_id = $2",
      [inbox.id, inbox.organizationId],
    );
    await planAll(record, client, inbox);
  });
  return record;
}

async function fill(record: InboxRecord, beforeAcks: () => Promise<void> = async () => {}): Promise<void> {
  const store = record.store();
  const inbox = await record.inbox(store);
  const client = await record.client();
  const writer = new Writer(client);
  const events = record.events(ACKED).map((event, at) => ({ ...event, type: `type-${(at / 1_000) % TYPES}` }));
  for (let at = 0; at < ACKED; at += 1_000) await writer.write(events.slice(at, at + 1_000));
  await beforeAcks();
  for (let at = 0; at < ACKED; at += 1_000) {
    const eventIds = events.slice(at, at + 1_000).map(({ id }) => id);
    await store.ack(inbox, { eventIds, leaseId: null });
  }
  await client.query('UPDATE inboxes SET cursor_event_id = $1', [events.at(-1)?.id]);
  await writer.write(record.events(LEASED));
  const lease = await store.lease(inbox, record.request(LEASED));
  assert.equal(lease?.messages.length, LEASED);
  await writer.write(record.events(2 * LEASED, { type: 'type-1' }));
  for (let at = 0; at < BACKLOG; at += 1_000)
    await writer.write(record.events(1_000, { type: `type-${(at / 1_000) % TYPES}` }));
}

/** Plans are kept: this connection makes its own for tables in which there is next to nothing. */
async function planAll(record: InboxRecord, client: pg.Client, inbox: Inbox): Promise<void> {
  await client.query('ANALYZE');
  await client.query('SET plan_cache_mode = force_generic_plan');
  const id = inbox.id;
  const nothing = {
    inbox,
    range: [id, id],
    take: () => [id, id, id, 0, 0, 10, 10],
    leaseId: id,
    held: [id],
    after: id,
  };
  for (const [name, values] of BOUNDS) {
    await client.query(prepared(name, values({ ...nothing, record, client, at: timestamp(0) })));
  }
}

/** As the store asks for it: its plan is not kept. */
const PLANNED_EACH_TIME = 'undo-lease';

function prepared(name: string, values: readonly unknown[]): pg.QueryConfig {
  const query = { text: readFileSync(new URL(`${name}.sql`, SQL), 'utf8'), values: [...values] };
  return name === PLANNED_EACH_TIME ? query : { name, ...query };
}

/** What a statement read. It leaves nothing behind. */
async function reads(
  client: pg.Client,
  name: string,
  values: readonly unknown[],
  least = 1,
): Promise<Reads & { name: string }> {
  // The first goes over entries of rows that have just gone, and marks them.
  await client.query('BEGIN');
  await client.query(prepared(name, values));
  await client.query('ROLLBACK');
  await client.query('BEGIN');
  const before = await readsSoFar(client);
  const { rows } = await client.query(prepared(name, values));
  const after = await readsSoFar(client);
  await client.query('ROLLBACK');
  assert.ok(rows.length >= least, `${name} found ${rows.length}`);
  return { name, scanned: after.scanned - before.scanned, entries: after.entries - before.entries };
}

async function readsSoFar(client: pg.Client): Promise<Reads> {
  const { rows } = await client.query<Reads>(`
    SELECT
      (SELECT sum(seq_tup_read) FROM pg_stat_xact_user_tables WHERE ${growing('relname')})::integer AS scanned,
      (
        SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_stat_user_indexes WHERE ${growing('relname')}
      )::integer AS entries
  `);
  const [row] = rows;
  if (row === undefined) throw new Error('unreachable');
  return row;
}

function growing(column: string): string {
  return `(${column} LIKE 'events%' OR ${column} = 'inbox_messages')`;
}

/**
 * Dead entries of indexes are marked by the first scan that finds them dead to everybody. An ANALYZE of autovacuum holds that up
 * for as long as it runs, so a scan that visits too many is made again.
 */
async function assertCheap(read: () => Promise<Reads & { name: string }>, bound: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { name, scanned, entries } = await read();
    assert.equal(scanned, 0, `${name} went through a table`);
    if (entries <= bound) return;
    assert.ok(tries < 25, `${name} visited ${entries} entries`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
