import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { SystemClock } from '../../src/app/clock.ts';
import { examine } from '../../src/app/doctor/doctor.ts';
import { addMs } from '../../src/core/time.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { RedisServer } from '../support/redis-server.ts';
import { freePort } from '../support/server-process.ts';

async function look(servers: { REDIS_URL: string; DATABASE_URL: string }, clock: Clock = new SystemClock()) {
  const findings = await examine({ PORT: String(await freePort()), ...servers }, clock);
  return findings.map(({ level, about, text }) => `${level} ${about}: ${text}`).join('\n');
}

async function tables(url: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'")).rows;
  } finally {
    await client.end();
  }
}

test('servers as they should be; a database that is new stays empty', async (context) => {
  const safe = ['fsync=on', 'synchronous_commit=on', 'full_page_writes=on'];
  const [redis, postgres] = await Promise.all([RedisServer.start(), PostgresServer.start(safe)]);
  context.after(async () => void (await Promise.all([redis.stop(), postgres.stop()])));
  const servers = { REDIS_URL: redis.url, DATABASE_URL: postgres.url() };
  const found = await look(servers);
  assert.match(found, /^ok Redis: Version 7\S+ answers in [\d.]+ ms\.$/m);
  assert.match(found, /^ok PostgreSQL: Version 1\S.* answers in [\d.]+ ms\.$/m);
  assert.doesNotMatch(found, /^(warning|failed)/m);
  assert.equal(await redis.command('DBSIZE'), 0);
  assert.deepEqual(await tables(postgres.url()), []);
  const fast = new SystemClock();
  const ahead: Clock = { now: () => addMs(fast.now(), 60_000), monotonicMs: () => fast.monotonicMs() };
  assert.match(await look(servers, ahead), /^warning Clock: .* 60\.0 s ahead of that of Redis: let both follow NTP/m);
});

test('Redis that keeps nothing, PostgreSQL that does not sync', async (context) => {
  const [redis, postgres] = await Promise.all([
    RedisServer.start(['--appendonly', 'no']),
    PostgresServer.start(['fsync=off', 'synchronous_commit=off']),
  ]);
  context.after(async () => void (await Promise.all([redis.stop(), postgres.stop()])));
  const found = await look({ REDIS_URL: redis.url, DATABASE_URL: postgres.url() });
  assert.match(found, /^warning Redis: .*set appendonly to yes\.$/m);
  assert.match(found, /^warning PostgreSQL: .*fsync = off.*set it to on\.$/m);
  assert.match(found, /^warning PostgreSQL: .*synchronous_commit = off/m);
});

test('Redis that evicts, servers that are not there, a password that is wrong', async (context) => {
  const redis = await RedisServer.start(['--maxmemory-policy', 'allkeys-lru']);
  context.after(() => redis.stop());
  const nobody = await freePort();
  const evicting = await look({ REDIS_URL: redis.url, DATABASE_URL: `postgres://u:canary@127.0.0.1:${nobody}/x` });
  assert.match(evicting, /^failed Redis: .*set maxmemory-policy to noeviction/m);
  assert.match(evicting, /^failed PostgreSQL: PostgreSQL can't be reached/m);
  assert.doesNotMatch(evicting, /canary/);
  await redis.command('CONFIG', 'SET', 'requirepass', 'right');
  const [, port] = /:(\d+)/.exec(redis.url) ?? [];
  const wrong = await look({
    REDIS_URL: `redis://:canary@127.0.0.1:${port}`,
    DATABASE_URL: `postgres://u:canary@127.0.0.1:${nobody}/x`,
  });
  assert.match(wrong, /^failed Redis: .*refused the user or password/m);
  assert.doesNotMatch(wrong, /canary/);
});
