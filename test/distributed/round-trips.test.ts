import assert from 'node:assert/strict';
import { randomBytes, randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import { SystemClock } from '../../src/app/clock.ts';
import { SILENT_LOG } from '../../src/app/logging/log.ts';
import { SCOPES } from '../../src/core/administration/organization.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { type EndpointId, type EventId, IdSource, type KeyId, type OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { openRedisPostgresEngine } from '../../src/engines/redis-postgres/engine.ts';
import { Persister } from '../../src/pipeline/recording/persister.ts';
import type { Engine } from '../../src/ports/engine.ts';
import { pipelineContext } from '../support/pipeline-context.ts';
import { newDatabase } from '../support/postgres-server.ts';
import { RedisServer } from '../support/redis-server.ts';
import { TRIGGERS_DATABASE } from '../support/triggers-database.ts';

/** Commands that come from outside only: what a script calls is counted by Redis too, and costs no round trip. */
const OUTSIDE = new Set(['evalsha', 'eval', 'xreadgroup', 'xautoclaim', 'publish']);

class RoundTrips {
  readonly statements: string[] = [];
  readonly #redis: RedisServer;

  constructor(redis: RedisServer) {
    this.#redis = redis;
  }

  /** @returns how many round trips `act` makes to each server */
  async of(act: () => Promise<unknown>): Promise<{ redis: number; postgres: number }> {
    await this.#redis.command('CONFIG', 'RESETSTAT');
    const before = this.statements.length;
    await act();
    const stats = String(await this.#redis.command('INFO', 'commandstats'));
    const calls = [...stats.matchAll(/cmdstat_(\w+):calls=(\d+)/g)];
    const outside = calls.filter(([, name]) => OUTSIDE.has(name ?? ''));
    return {
      redis: outside.reduce((sum, [, , count]) => sum + Number(count), 0),
      postgres: this.statements.length - before,
    };
  }
}

test('batches of 1, 10 and 100 take the same number of round trips, to be accepted, recorded, taken and settled', async (context) => {
  const redis = await RedisServer.start();
  const database = await newDatabase(TRIGGERS_DATABASE);
  const trips = new RoundTrips(redis);
  const engine = await openRedisPostgresEngine({
    redisUrl: redis.url,
    redisPrefix: `t${randomBytes(3).toString('hex')}`,
    databaseUrl: database.url,
    maxDatabaseConnections: 4,
    consumer: 'test-1',
    clock: new SystemClock(),
    log: SILENT_LOG,
    dedupWindowMs: 60_000,
    maxBacklog: 1_000_000,
    logSql: (statement) => trips.statements.push(statement),
  });
  context.after(async () => {
    await engine.close();
    await Promise.all([redis.stop(), database.drop()]);
  });
  const ids = new IdSource(() => engine.clock.now(), randomFillSync);
  const organizationId = await organization(engine, ids);
  const endpointId = ids.next<EndpointId>();
  const { worker, intake, queue } = engine;
  assert.ok(worker !== null);
  const fanOut = () => [{ id: ids.next<never>(), endpointId, status: 'pending' as const, orderingGroup: null }];
  const { activity } = engine;
  const { eventStream } = worker;
  const persister = new Persister(pipelineContext(engine), { ...worker, activity }, fanOut, 1);

  async function counted(size: number) {
    const events = Array.from({ length: size }, (): AcceptedEvent => {
      const id = ids.next<EventId>();
      const rest = { orderingKey: null, deliverAt: null, traceparent: null, hops: 0 };
      return {
        id,
        organizationId,
        type: 'a.b',
        data: '1' as JsonText,
        dedupId: id,
        createdAt: engine.clock.now(),
        ...rest,
      };
    });
    const accepted = await trips.of(() => intake.accept(events));
    const recorded = await trips.of(async () => persister.process(await eventStream.read(size, 0)));
    let taken: Awaited<ReturnType<typeof queue.claim>> = [];
    const took = await trips.of(async () => {
      taken = await queue.claim([{ endpointId, limit: size, leaseMs: 10_000 }]);
    });
    const deliveries = taken.flatMap((lane) => lane.deliveries);
    assert.equal(deliveries.length, size);
    const settled = await trips.of(() =>
      queue.settle(
        deliveries.map(({ id, attemptNumber }) => ({
          deliveryId: id,
          attemptNumber,
          attempt: {
            number: attemptNumber,
            startedAt: engine.clock.now(),
            durationMs: 1,
            statusCode: 200,
            error: null,
            errorDetail: null,
            responseExcerpt: null,
          },
          next: { status: 'delivered' },
        })),
      ),
    );
    return { accepted, recorded, took, settled };
  }

  // Scripts, statements and groups are known from then on.
  await counted(1);
  const one = await counted(1);
  assert.deepEqual(one, {
    accepted: { redis: 1, postgres: 0 },
    // Read, enqueue, news, acknowledge; one statement.
    recorded: { redis: 4, postgres: 1 },
    took: { redis: 1, postgres: 1 },
    settled: { redis: 1, postgres: 1 },
  });
  assert.deepEqual(await counted(10), one);
  assert.deepEqual(await counted(100), one);
});

async function organization({ store, clock }: Engine, ids: IdSource): Promise<OrganizationId> {
  const id = ids.next<OrganizationId>();
  const createdAt = clock.now();
  await store.organizations.create(
    { id, name: 'Example', tier: 'free', createdAt },
    {
      id: ids.next<KeyId>(),
      organizationId: id,
      name: 'first',
      prefix: 'tr_abc',
      sha256: randomBytes(32).toString('hex'),
      createdAt,
      expiresAt: null,
      scopes: SCOPES,
      lastUsedAt: null,
    },
  );
  return id;
}
