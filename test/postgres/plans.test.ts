import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NO_SECRET_BOX } from '../../src/core/administration/secret-box.ts';
import type { Attempt } from '../../src/core/delivery/delivery.ts';
import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../../src/core/ids.ts';
import { addMs, timestamp } from '../../src/core/time.ts';
import { Database } from '../../src/engines/redis-postgres/database/database.ts';
import {
  PostgresStatements,
  readDeliveryPage,
  WaitingDeliveries,
} from '../../src/engines/redis-postgres/stores/index.ts';
import { SqlDeliveryStore } from '../../src/engines/stores/deliveries/index.ts';
import { SqlEndpointStore } from '../../src/engines/stores/endpoints/index.ts';
import type { DeliveryStore } from '../../src/ports/store/delivery-store.ts';
import type { EndpointStore } from '../../src/ports/store/endpoint-store.ts';
import { ALL_DELIVERIES, WHOLE_LIST } from '../conformance/world.ts';
import { DAY_MS, deliveryOf, Process, RecordWorld } from './support.ts';

const DAYS = 40;
const A_DAY = 1_000;
/** Prepared statements are planned for any value from the sixth call on. */
const CALLS = 8;
const BATCH = 50;

/** What the calls cost the server, by its own counting. */
interface Cost {
  /** Rows read by going through a whole table. */
  readonly scanned: number;
  /** Probes and ranges begun, of whatever index of whatever partition. */
  readonly probes: number;
  /** Rows fetched by way of an index. */
  readonly fetched: number;
}

type Call = (world: OldWorld, process: Process, round: number) => Promise<unknown>;

interface OldWorld {
  readonly record: RecordWorld;
  readonly organizationId: OrganizationId;
  readonly endpointId: EndpointId;
  /** One in the middle of the days, with a delivery and an attempt. */
  readonly eventId: EventId;
  readonly deliveryId: DeliveryId;
  /** Of the last day, waiting. */
  readonly waiting: readonly DeliveryId[];
}

/** Planning looks at the ends of indexes too, a day at a time, where it has statistics to compare them with. */
const EACH_DAY = 4 * (DAYS + 2);

const A_FEW = 12;

/** Per call; a walk over all days, newest or oldest first, may look into each of them. */
const BOUNDS: readonly (readonly [name: string, call: Call, probes: number, fetched: number])[] = [
  ['persist new events', ({ record }, { events }) => events.persist(record.routed(BATCH)), 4 * BATCH, BATCH],
  [
    'lease',
    ({ waiting, record }, { deliveries }, round) =>
      deliveries.lease(
        slice(waiting, round).map((deliveryId) => ({ deliveryId, leasedUntil: record.now })),
        record.now,
      ),
    5 * BATCH,
    6 * BATCH,
  ],
  [
    'settle',
    ({ waiting, record }, { deliveries }, round) =>
      deliveries.settle(
        slice(waiting, round).map((deliveryId) => ({
          deliveryId,
          attemptNumber: 1,
          attempt: ATTEMPT,
          next: { status: 'retrying', dueAt: addMs(record.now, 1_000) },
        })),
        record.now,
      ),
    4 * BATCH,
    4 * BATCH,
  ],
  [
    'give back',
    ({ waiting, record }, { deliveries }, round) =>
      deliveries.release(
        slice(waiting, round).map((deliveryId) => ({ deliveryId, attemptNumber: 9, dueAt: record.now })),
        record.now,
      ),
    2 * BATCH,
    2 * BATCH,
  ],
  [
    'walk what waits',
    (_, { deliveries }) => deliveries.waitingStep({ after: null, limit: BATCH }),
    EACH_DAY,
    BATCH + EACH_DAY,
  ],
  [
    'walk dedup ids',
    ({ record }, { deliveries }) =>
      deliveries.dedupStep({ after: null, since: addMs(record.now, -2 * DAY_MS), limit: BATCH }),
    EACH_DAY,
    2 * BATCH + EACH_DAY,
  ],
  ['last event', (_, { deliveries }) => deliveries.lastEventId(), EACH_DAY, EACH_DAY],
  ['get event', (world, { eventStore }) => eventStore.get(world.organizationId, world.eventId), A_FEW, A_FEW],
  [
    'list events',
    (world, { eventStore }) => eventStore.list(world.organizationId, { ...WHOLE_LIST, limit: BATCH, type: null }),
    EACH_DAY,
    2 * BATCH + EACH_DAY,
  ],
  [
    'events after one',
    (world, { eventStore }) => eventStore.after(world.organizationId, world.eventId, BATCH),
    EACH_DAY,
    2 * BATCH + EACH_DAY,
  ],
  [
    'events after one of somebody who has none',
    (world, { eventStore }) => eventStore.after(world.record.id(), world.eventId, BATCH),
    EACH_DAY,
    EACH_DAY,
  ],
  [
    'list events of a type that is nowhere',
    (world, { eventStore }) => eventStore.list(world.organizationId, { ...WHOLE_LIST, limit: BATCH, type: 'none' }),
    EACH_DAY,
    EACH_DAY,
  ],
  [
    'list events of somebody who has none',
    ({ record }, { eventStore }) => eventStore.list(record.id(), { ...WHOLE_LIST, limit: BATCH, type: null }),
    EACH_DAY,
    EACH_DAY,
  ],
  ['get delivery', (world, process) => store(process).get(world.organizationId, world.deliveryId), A_FEW, A_FEW],
  [
    'attempts of a delivery',
    (world, process) => store(process).attempts(world.organizationId, world.deliveryId),
    A_FEW,
    A_FEW,
  ],
  [
    'deliveries of an event',
    ({ record, organizationId }, process) => store(process).ofEvent(organizationId, idAt(record, -DAY_MS)),
    A_FEW,
    A_FEW,
  ],
  [
    'list deliveries',
    (world, process) => store(process).list(world.organizationId, { ...ALL_DELIVERIES, limit: BATCH }),
    6 * EACH_DAY,
    8 * BATCH + EACH_DAY,
  ],
  [
    'list deliveries of an endpoint and a status',
    ({ organizationId, endpointId }, process) =>
      store(process).list(organizationId, { ...ALL_DELIVERIES, endpointId, status: 'delivered', limit: BATCH }),
    EACH_DAY,
    2 * BATCH + EACH_DAY,
  ],
  [
    'end what waits for an endpoint that has nothing waiting',
    ({ record }, process) => endpoints(process).endWaiting(record.id(), 'canceled', record.now, BATCH),
    2 * EACH_DAY,
    EACH_DAY,
  ],
  [
    'find endpoints',
    ({ record }, process) => endpoints(process).find(Array.from({ length: BATCH }, () => record.id())),
    BATCH,
    0,
  ],
];

const ATTEMPT: Attempt = {
  number: 1,
  startedAt: timestamp(0),
  durationMs: 1,
  statusCode: 500,
  error: 'status',
  errorDetail: null,
  responseExcerpt: '',
};

for (const statistics of ['none', 'fresh', 'of empty tables'] as const) {
  test(`what ${DAYS} days hold costs nothing to those who look elsewhere; statistics: ${statistics}`, async (context) => {
    const world = await oldWorld(context, statistics);
    for (const [name, call, probes, fetched] of BOUNDS) {
      const cost = await costOf(world, call);
      assert.equal(cost.scanned, 0, `${name} goes through a table`);
      assert.ok(cost.probes <= CALLS * probes, `${name}: ${cost.probes / CALLS} probes a call`);
      assert.ok(cost.fetched <= CALLS * fetched, `${name}: ${cost.fetched / CALLS} rows a call`);
    }
    // Leases write no index.
    const { rows } = await world.record.client.query(
      'SELECT sum(n_tup_hot_upd)::integer AS hot FROM pg_stat_user_tables',
    );
    assert.ok(rows[0].hot >= CALLS * BATCH, `${rows[0].hot} HOT updates`);
  });
}

test('a call that goes through a table, and one that looks into each day, are seen', async (context) => {
  const world = await oldWorld(context, 'fresh');
  const { client } = world.record;
  await client.query('SET enable_seqscan = on');
  const scan = await costOf(world, () => client.query("SELECT count(*) FROM events WHERE data = 'x'"));
  assert.ok(scan.scanned >= DAYS * A_DAY);
  const probes = await costOf(world, () =>
    client.query('SELECT FROM deliveries WHERE event_id = $1', ['00000000-0000-7000-8000-000000000000']),
  );
  assert.ok(probes.probes >= CALLS * DAYS);
});

function slice(ids: readonly DeliveryId[], round: number): readonly DeliveryId[] {
  return ids.slice(round * BATCH, (round + 1) * BATCH);
}

function store({ database }: Process): DeliveryStore {
  return new SqlDeliveryStore(new PostgresStatements(database), (page) => readDeliveryPage(database, page));
}

function endpoints({ database }: Process): EndpointStore {
  const waiting = new WaitingDeliveries(database, async () => {});
  return new SqlEndpointStore(new PostgresStatements(database), NO_SECRET_BOX, {
    onActive: () => () => {},
    endWaiting: (...args) => waiting.end(...args),
  });
}

function idAt(record: RecordWorld, ms: number): EventId {
  const now = record.now;
  record.now = addMs(now, ms);
  const hex = record.now.toString(16).padStart(12, '0');
  record.now = now;
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000` as EventId;
}

/** The calls, by one connection that is closed then: only so has it told all that it did. */
async function costOf(world: OldWorld, call: Call): Promise<Cost> {
  const { url, client } = world.record;
  const name = `costs ${Math.random()}`;
  const database = Database.open({ url, maxConnections: 1, applicationName: name });
  const process = new Process(database);
  await process.partitions.ensureAhead(world.record.now);
  const before = await costSoFar(client);
  for (let round = 0; round < CALLS; round++) await call(world, process, round);
  await database.close();
  for (let open = 1; open > 0; await sleep(5)) {
    const { rowCount } = await client.query('SELECT FROM pg_stat_activity WHERE application_name = $1', [name]);
    open = rowCount ?? 0;
  }
  const after = await costSoFar(client);
  return {
    scanned: after.scanned - before.scanned,
    probes: after.probes - before.probes,
    fetched: after.fetched - before.fetched,
  };
}

async function costSoFar(client: RecordWorld['client']): Promise<Cost> {
  await client.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await client.query(
    `SELECT sum(seq_tup_read)::integer AS scanned, sum(idx_scan)::integer AS probes, sum(idx_tup_fetch)::integer AS fetched
     FROM pg_stat_user_tables`,
  );
  return rows[0];
}

/** One organization with many finished deliveries a day, and a few that wait on the last one. */
async function oldWorld(context: TestContext, statistics: 'none' | 'fresh' | 'of empty tables'): Promise<OldWorld> {
  const record = await RecordWorld.open(context);
  const { client } = record;
  const organizationId = record.id<OrganizationId>();
  const endpointId = record.id<EndpointId>();
  for (let day = 0; day < DAYS; day++) {
    await record.process.partitions.ensureAhead(record.now);
    if (day < DAYS - 1) record.pass(DAY_MS);
  }
  if (statistics === 'of empty tables') await client.query('ANALYZE');
  const firstDay = record.now - (DAYS - 1) * DAY_MS;
  // Ids of the moment: 48 bits of time, a version, and the number.
  const id = (kind: number) =>
    `(lpad(to_hex($3::bigint + day::bigint * ${DAY_MS}), 12, '0') || '7${kind}00' || '8000' || lpad(to_hex(n), 12, '0'))::uuid`;
  const series = `generate_series(0, ${DAYS - 1}) AS day, generate_series(1, ${A_DAY}) AS n`;
  const values = [organizationId, endpointId, firstDay];
  await client.query(
    `INSERT INTO events SELECT ${id(1)}, $1, 'order.created', '{}', 'd' || n, null, null, 0, null, 0 FROM ${series}
     WHERE $2::uuid IS NOT NULL`,
    values,
  );
  await client.query(
    `INSERT INTO deliveries
     SELECT ${id(2)}, $1, ${id(1)}, $2, 'order.created', 'delivered', 1, 0, null, null, 200, null, 0, 0 FROM ${series}`,
    values,
  );
  await client.query(
    `INSERT INTO attempts SELECT ${id(2)}, 1, 0, 1, 200, null, '' FROM ${series}
     WHERE $1::uuid IS NOT NULL AND $2::uuid IS NOT NULL`,
    values,
  );
  const waiting = (await record.written(CALLS * BATCH)).map((routed) => deliveryOf(routed).id);
  if (statistics === 'fresh') await client.query('ANALYZE');
  const { rows } = await client.query(
    'SELECT id, event_id FROM deliveries WHERE organization_id = $1 ORDER BY id OFFSET $2 LIMIT 1',
    [organizationId, (DAYS / 2) * A_DAY + 7],
  );
  return { record, organizationId, endpointId, waiting, eventId: rows[0].event_id, deliveryId: rows[0].id };
}
