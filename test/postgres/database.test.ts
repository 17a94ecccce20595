import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../src/engines/redis-postgres/database/database.ts';
import { StatementRefused } from '../../src/engines/redis-postgres/database/errors.ts';
import { migrate } from '../../src/engines/redis-postgres/database/migrate.ts';
import { EngineUnavailable } from '../../src/ports/unavailable.ts';
import { HANG_MS } from '../support/hang.ts';
import { newDatabase, PostgresServer } from '../support/postgres-server.ts';
import { eventually } from '../support/service.ts';
import { TRIGGERS_DATABASE } from '../support/triggers-database.ts';
import { connect, openDatabase, untilSomebodyWaits } from './support.ts';

const NOBODY = '00000000-0000-7000-8000-000000000000';
const IDEMPOTENT = { idempotent: true };

async function shared(context: TestContext, rest: Parameters<typeof openDatabase>[2] = {}) {
  const { url, drop } = await newDatabase(TRIGGERS_DATABASE);
  context.after(drop);
  return { url, database: openDatabase(context, url, rest), client: await connect(context, url) };
}

async function privateServer(context: TestContext, rest: Parameters<typeof openDatabase>[2] = {}) {
  const server = await PostgresServer.start();
  context.after(() => server.stop());
  await migrate(server.url());
  return { server, database: openDatabase(context, server.url(), rest) };
}

function unavailable(code: EngineUnavailable['code']) {
  return (error: unknown) => error instanceof EngineUnavailable && error.code === code;
}

/** Statements that may be made twice, all the time. @returns stops when 50 more of them have had their answer */
function readAllTheTime(database: Database): () => Promise<void> {
  let stopped = false;
  let count = 0;
  const readers = Array.from({ length: 4 }, async () => {
    for (; !stopped; count++) await database.query('get-organization', [NOBODY], IDEMPOTENT);
  });
  return async () => {
    const before = count;
    const goingOn = eventually(() => assert.ok(count >= before + 50));
    await Promise.race([goingOn, Promise.all(readers)]);
    stopped = true;
    await Promise.all(readers);
  };
}

test('connections that are cut cost no error where a statement may be made twice', async (context) => {
  const { database, client } = await shared(context);
  const stop = readAllTheTime(database);
  for (let round = 0; round < 10; round++) {
    await sleep(20);
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
  }
  await stop();
  assert.deepEqual(database.health(), { status: 'ok', reason: null });
});

test('neither does a restart of the server, nor to a transaction that had not come to its end', async (context) => {
  // A loaded machine may take longer than a second to start the server again.
  const { server, database } = await privateServer(context, { cutRetryMs: HANG_MS });
  const stop = readAllTheTime(database);
  let tries = 0;
  const begun = Promise.withResolvers<void>();
  const killed = Promise.withResolvers<void>();
  const transaction = database.transaction(async ({ query }) => {
    tries++;
    await query('get-organization', [NOBODY]);
    begun.resolve();
    // The first one is here when the server goes.
    if (tries === 1) await killed.promise;
    return query('get-organization', [NOBODY]);
  });
  await begun.promise;
  await server.kill('SIGINT');
  killed.resolve();
  await server.startAgain();
  assert.deepEqual(await transaction, []);
  assert.equal(tries, 2);
  await stop();
});

test('statements that may have run are not repeated', async (context) => {
  const { database, client } = await shared(context);
  await client.query('BEGIN');
  await client.query('LOCK TABLE organizations');
  const waiting = assert.rejects(database.query('get-organization', [NOBODY]), unavailable('unreachable'));
  await untilSomebodyWaits(client);
  await client.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  await waiting;
  assert.equal(database.health().status, 'degraded');
});

test('a frozen server is given up, by old connections and new ones; it comes back without help', async (context) => {
  const { server, database } = await privateServer(context, { maxConnections: 2, silenceTimeoutMs: 800 });
  await database.query('get-organization', [NOBODY]);
  for (const pid of [server.pid, ...(await backendsOf(server))]) process.kill(pid, 'SIGSTOP');
  const calls = [1, 2, 3].map(() =>
    assert.rejects(database.query('get-organization', [NOBODY], IDEMPOTENT), unavailable('unreachable')),
  );
  calls.push(assert.rejects(database.transaction(({ query }) => query('get-organization', [NOBODY]))));
  await Promise.all(calls);
  // All have their answer while it stands still.
  assert.equal(database.health().status, 'degraded');
  for (const pid of [server.pid, ...(await backendsOf(server))]) process.kill(pid, 'SIGCONT');
  assert.deepEqual(await database.query('get-organization', [NOBODY], IDEMPOTENT), []);
  assert.deepEqual(database.health(), { status: 'ok', reason: null });
});

async function backendsOf(server: PostgresServer): Promise<number[]> {
  const children = await readFile(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8');
  return children.trim().split(' ').map(Number);
}

test('an unavailable server, or one without a free connection, is reported within seconds', async (context) => {
  const { database, client } = await shared(context, { maxConnections: 1 });
  const gone = openDatabase(context, 'postgres://user:secret@127.0.0.1:1/none');
  await assert.rejects(gone.query('get-organization', [NOBODY]), (error) => {
    assert.ok(error instanceof EngineUnavailable);
    assert.equal(error.message, "PostgreSQL can't be reached (ECONNREFUSED)");
    return true;
  });
  await client.query('BEGIN');
  await client.query('LOCK TABLE organizations');
  const first = database.query('get-organization', [NOBODY]);
  await untilSomebodyWaits(client);
  await assert.rejects(database.query('get-endpoint', [NOBODY, NOBODY]), unavailable('unreachable'));
  await client.query('COMMIT');
  assert.deepEqual(await first, []);
});

test('a server that became read-only is unavailable, not at fault', async (context) => {
  const { url, client } = await shared(context);
  const name = new URL(url).pathname.slice(1);
  await client.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  const database = openDatabase(context, url);
  await assert.rejects(database.query('remove-endpoint', [NOBODY, NOBODY]), unavailable('unreachable'));
});

test('two transactions in each other’s way both get through', async (context) => {
  const { database, client } = await shared(context);
  const ids = ['00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b'];
  await client.query("INSERT INTO organizations SELECT unnest($1::uuid[]), 'Example', 'free', 0", [ids]);
  const columns = "'https://example.com', '', '[]', '{}', 1, 1, '[]', 1, 'active', null, 's', null, null, 0, 0, 0";
  await client.query(`INSERT INTO endpoints SELECT id, id, ${columns} FROM organizations`);
  let begun = 0;
  let tries = 0;
  const both = ids.map((id, at) =>
    database.transaction(async ({ query }) => {
      tries++;
      await query('get-endpoint-to-write', [id, id]);
      // Both have their first before either wants its second.
      for (begun++; begun < 2; ) await sleep(5);
      const other = ids[1 - at];
      return query('get-endpoint-to-write', [other, other]);
    }),
  );
  for (const rows of await Promise.all(both)) assert.equal(rows.length, 1);
  assert.equal(tries, 3, 'one was the victim, and was made again');
});

test('a statement prepared before its table changed still works', async (context) => {
  const { database, client } = await shared(context);
  const reading = () => Promise.all([1, 2, 3, 4].map(() => database.query('get-organization', [NOBODY])));
  await reading();
  await client.query('ALTER TABLE organizations ADD COLUMN something text');
  assert.deepEqual(await reading(), [[], [], [], []]);
});

test('refusals name the rule and the column, never a value', async (context) => {
  const { database } = await shared(context);
  await assert.rejects(database.query('add-organization', [NOBODY, 'secret-name', null, 0]), (error) => {
    assert.ok(error instanceof StatementRefused);
    assert.equal(error.code, '23502');
    assert.equal(error.message, 'PostgreSQL refused the content (23502, column tier)');
    assert.equal(error.cause, undefined);
    assert.ok(!JSON.stringify(error, Object.getOwnPropertyNames(error)).includes('secret-name'));
    return true;
  });
  await assert.rejects(database.query('get-organization', ['secret']), (error) => {
    assert.ok(error instanceof StatementRefused);
    assert.equal(error.message, 'PostgreSQL refused the content (22P02)');
    return true;
  });
  assert.deepEqual(database.health(), { status: 'ok', reason: null });
});

test('an error of the caller’s own ends a transaction and stays what it is', async (context) => {
  const { database, client } = await shared(context);
  const mistake = new RangeError('mine');
  await assert.rejects(
    database.transaction(async ({ query }) => {
      await query('add-organization', [NOBODY, 'n', 't', 0]);
      throw mistake;
    }),
    (error) => error === mistake,
  );
  assert.equal((await client.query('SELECT FROM organizations')).rowCount, 0);
});

test('statements are logged by name and time; after the end they are refused', async (context) => {
  const { url } = await shared(context);
  const lines: [string, number][] = [];
  const database = openDatabase(context, url, { logSql: (...line) => lines.push(line) });
  await database.query('get-organization', [NOBODY]);
  assert.deepEqual(
    lines.map(([name]) => name),
    ['get-organization'],
  );
  assert.ok((lines[0]?.[1] ?? -1) >= 0);
  const last = database.query('get-organization', [NOBODY]);
  await sleep(0);
  const closed = database.close();
  assert.deepEqual(await last, [], 'what was begun is finished');
  await closed;
  await assert.rejects(database.query('get-organization', [NOBODY]), unavailable('closing'));
  await assert.rejects(
    database.transaction(async () => {}),
    unavailable('closing'),
  );
  assert.throws(() => database.query('no-such-statement', []), TypeError);
});
