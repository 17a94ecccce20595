import assert from 'node:assert/strict';
import { randomBytes, randomFillSync } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import pg from 'pg';
import { SystemClock } from '../../src/app/clock.ts';
import { SILENT_LOG } from '../../src/app/logging/log.ts';
import { type DeliveryId, type EndpointId, type EventId, IdSource, type OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { openRedisPostgresEngine } from '../../src/engines/redis-postgres/engine.ts';
import { Reconciler } from '../../src/pipeline/recording/reconciler.ts';
import type { Engine, WorkerPorts } from '../../src/ports/engine.ts';
import { pipelineContext } from '../support/pipeline-context.ts';
import { newDatabase } from '../support/postgres-server.ts';
import { RedisServer } from '../support/redis-server.ts';
import { TRIGGERS_DATABASE } from '../support/triggers-database.ts';

interface Scene {
  readonly redis: RedisServer;
  readonly engine: Engine;
  readonly worker: WorkerPorts;
  readonly reconciler: Reconciler;
  readonly key: (name: string) => string;
  readonly endpointId: EndpointId;
  /** Recorded and queued, as by a worker. */
  record(count: number, more?: { dedupIds?: boolean; orderingGroup?: string }): Promise<DeliveryId[]>;
  /** Past every part of ours. */
  sql(text: string, parameters: readonly unknown[]): Promise<void>;
  take(limit?: number): Promise<string[]>;
}

async function scene(context: TestContext): Promise<Scene> {
  const redis = await RedisServer.start();
  const database = await newDatabase(TRIGGERS_DATABASE);
  const redisPrefix = `t${randomBytes(3).toString('hex')}`;
  const engine = await openRedisPostgresEngine({
    redisUrl: redis.url,
    redisPrefix,
    databaseUrl: database.url,
    maxDatabaseConnections: 4,
    consumer: 'test-1',
    clock: new SystemClock(),
    log: SILENT_LOG,
    dedupWindowMs: 60_000,
    maxBacklog: null,
  });
  context.after(async () => {
    await engine.close();
    await Promise.all([redis.stop(), database.drop()]);
  });
  const { worker } = engine;
  assert.ok(worker !== null);
  const ids = new IdSource(() => engine.clock.now(), randomFillSync);
  const [organizationId, endpointId] = [ids.next<OrganizationId>(), ids.next<EndpointId>()];
  return {
    redis,
    engine,
    worker,
    endpointId,
    key: (name) => `${redisPrefix}:${name}`,
    reconciler: new Reconciler(pipelineContext(engine), worker),
    sql: async (text, parameters) => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query(text, [...parameters]);
      await client.end();
    },
    record: async (count, { dedupIds = false, orderingGroup = null as string | null } = {}) => {
      const routed = Array.from({ length: count }, (_, n) => ({
        event: {
          id: ids.next<EventId>(),
          organizationId,
          type: 'a.b',
          data: '1' as JsonText,
          dedupId: dedupIds ? `known ${n}` : null,
          orderingKey: null,
          deliverAt: null,
          createdAt: engine.clock.now(),
          traceparent: null,
          hops: 0,
        },
        deliveries: [{ id: ids.next<DeliveryId>(), endpointId, status: 'pending' as const, orderingGroup }],
      }));
      await worker.eventRecord.record(routed);
      return routed.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
    },
    take: async (limit = 5_000) => {
      const [lane] = await engine.queue.claim([{ endpointId, limit, leaseMs: 60_000 }]);
      return lane?.deliveries.map(({ id }) => id) ?? [];
    },
  };
}

describe('The reconciler', () => {
  test('queues what a worker recorded and did not live to queue', async (context) => {
    const { redis, reconciler, record, take, key, endpointId } = await scene(context);
    await reconciler.scan();
    const [queued, lost] = [await record(3), await record(2)];
    for (const id of lost) await redis.command('ZREM', key(`lane:${endpointId}`), id);
    await reconciler.scan();
    assert.deepEqual(await take(), [...queued, ...lost]);
  });

  test('brings everything back after a flush, in steps, and nothing twice', async (context) => {
    const { redis, reconciler, record, take, key } = await scene(context);
    await reconciler.scan();
    const all = [];
    for (let n = 0; n < 5; n++) all.push(...(await record(500)));
    const held = await take(100);
    await redis.command('FLUSHALL');
    assert.deepEqual(await take(), [], 'the lanes are gone');
    await reconciler.scan();
    assert.equal(await redis.command('XLEN', key('webhook-deliveries')), 2_400, 'what is in an attempt is not due');
    await reconciler.scan();
    assert.equal(await redis.command('GET', key('webhook-deliveries:waiting')), '2500');
    assert.deepEqual(await take(), all.slice(held.length));
  });

  test('sets dedup marks again that went with Redis’ memory', async (context) => {
    const { redis, engine, reconciler, record, worker } = await scene(context);
    await reconciler.scan();
    await record(3, { dedupIds: true });
    await redis.command('FLUSHALL');
    const [repair] = worker.repairs.filter(({ name }) => name === 'dedup marks');
    assert.equal(await repair?.isNeeded(), true);
    await reconciler.scan();
    assert.equal(await repair?.isNeeded(), false);
    const stored = await redis.command('KEYS', '*:dedup:*');
    assert.equal((stored as string[]).length, 3);
    assert.ok(engine.health().status === 'ok');
  });

  test('a flush in the middle of a repair is repaired too', async (context) => {
    const { redis, engine, worker, record } = await scene(context);
    await record(1_500, { dedupIds: true });
    for (const name of ['deliveries', 'dedup marks']) {
      const [repair] = worker.repairs.filter((each) => each.name === name);
      assert.ok(repair !== undefined);
      const { after } = await repair.step(null);
      assert.notEqual(after, null, 'a round of two steps');
      await redis.command('FLUSHALL');
      await repair.step(after);
      await repair.complete();
      assert.equal(await repair.isNeeded(), true, name);
      for (let place: string | null = null, first = true; first || place !== null; first = false) {
        ({ after: place } = await repair.step(place));
      }
      await repair.complete();
      assert.equal(await repair.isNeeded(), false, name);
    }
    assert.equal(engine.health().status, 'ok');
  });

  test('passes on the turn of a delivery whose deliverer died before it could', async (context) => {
    const { redis, reconciler, record, take, sql, key, endpointId } = await scene(context);
    await reconciler.scan();
    const [first, second, third] = await record(3, { orderingGroup: 'k' });
    assert.deepEqual(await take(), [first]);
    await sql("UPDATE deliveries SET status = 'delivered', leased_until = NULL WHERE id = $1", [first]);
    await redis.command('ZREM', key(`lane:${endpointId}`), String(first));
    assert.deepEqual(await take(), [], 'nobody has told those behind it');
    await reconciler.scan();
    assert.deepEqual(await take(), [second]);
    await reconciler.scan();
    assert.deepEqual(await take(), [], `${third} waits for the second`);
  });

  test('one process leads; another goes on when it resigns', async (context) => {
    const { worker, engine, redis, key } = await scene(context);
    assert.equal(await worker.leadership.lead(), true);
    assert.equal(await worker.leadership.lead(), true, 'it keeps it');
    await redis.command('SET', key('leader'), 'another');
    assert.equal(await worker.leadership.lead(), false);
    await worker.leadership.resign();
    assert.equal(await redis.command('GET', key('leader')), 'another', 'only one’s own is given up');
    await redis.command('DEL', key('leader'));
    assert.equal(await worker.leadership.lead(), true);
    assert.equal(engine.name, 'distributed');
  });
});
