import { randomBytes } from 'node:crypto';
import { createClient } from '@redis/client';
import pg from 'pg';
import { SILENT_LOG } from '../../src/app/logging/log.ts';
import { openRedisPostgresEngine } from '../../src/engines/redis-postgres/engine.ts';
import { Persister } from '../../src/pipeline/recording/persister.ts';
import type { Engine } from '../../src/ports/engine.ts';
import { pipelineContext } from '../support/pipeline-context.ts';
import { newDatabase } from '../support/postgres-server.ts';
import { RedisServer } from '../support/redis-server.ts';
import { TRIGGERS_DATABASE } from '../support/triggers-database.ts';
import type { EngineHarness, EngineOptions } from './harness.ts';
import { spawnEngine } from './remote-engine.ts';

let redis: Promise<RedisServer> | undefined;
let engines = 0;

/** The distributed engine on a database and a prefix of its own, with a worker that records what is accepted at once. */
export async function newDistributedHarness(): Promise<EngineHarness> {
  redis ??= RedisServer.start();
  const { url: redisUrl } = await redis;
  const database = await newDatabase(TRIGGERS_DATABASE);
  const redisPrefix = `t${randomBytes(4).toString('hex')}`;
  const servers = { redisUrl, redisPrefix, databaseUrl: database.url };
  return {
    open: (options) => openWithWorker(servers, options),
    contents: () => contentsOf(servers),
    spawn: () => spawnEngine(new URL('./distributed-process.ts', import.meta.url), [JSON.stringify(servers)]),
    removeEventRow: async (id) => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query('DELETE FROM events WHERE id = $1', [id]);
      await client.end();
    },
    byHand: async (sql) => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query(sql).finally(() => client.end());
    },
    dispose: () => database.drop(),
  };
}

export interface TestServers {
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly databaseUrl: string;
}

/** Every row of every table, and every stream of Redis. */
async function contentsOf({ databaseUrl, redisUrl, redisPrefix }: TestServers): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    const texts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ all: string | null }>(
        `SELECT string_agg(t::text, E'\\n') AS all FROM ${name} t`,
      );
      texts.push(rows[0]?.all ?? '');
    }
    const redis = createClient({ url: redisUrl });
    await redis.connect();
    const stream = JSON.stringify(await redis.xRange(`${redisPrefix}:events`, '-', '+'));
    redis.destroy();
    return [...texts, stream].join('\n');
  } finally {
    await client.end();
  }
}

/** `accept` resolves when a worker has recorded the events, so that the suites see what they accepted. */
export async function openWithWorker(servers: TestServers, options: EngineOptions): Promise<Engine> {
  const engine = await openRedisPostgresEngine({
    ...servers,
    ...options,
    maxDatabaseConnections: 4,
    consumer: `test-${process.pid}-${engines++}`,
    log: SILENT_LOG,
    synchronizeClock: false,
    claimIdleMs: options.withoutWorker === true ? 2_000 : 0,
  });
  if (options.withoutWorker === true) return engine;
  const { worker, intake, bus, activity, clock } = engine;
  if (worker === null) throw new Error('unreachable');
  const { eventStream: stream } = worker;
  const { fanOut } = options;
  const persister = new Persister(pipelineContext({ clock, bus }), { ...worker, activity }, fanOut, 4);
  let work: Promise<unknown> = Promise.resolve();
  const recordAll = () => {
    const done = work.then(async () => {
      for (let entries = await stream.read(200, 0); entries.length > 0; entries = await stream.read(200, 0)) {
        await persister.process(entries);
      }
    });
    work = done.catch(() => {});
    return done;
  };
  for (let entries = await stream.claim(200); entries.length > 0; entries = await stream.claim(200)) {
    await persister.process(entries);
  }
  await recordAll();
  const accepting = new Set<Promise<unknown>>();
  return {
    ...engine,
    intake: {
      accept: (events) => {
        const accepted = intake.accept(events).then(async (outcomes) => {
          await recordAll();
          return outcomes;
        });
        accepting.add(accepted);
        const forget = () => accepting.delete(accepted);
        accepted.then(forget, forget);
        return accepted;
      },
    },
    close: async () => {
      await Promise.allSettled(accepting);
      await engine.close();
    },
  };
}
