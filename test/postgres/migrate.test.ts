import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { checkPostgres, migrate } from '../../src/engines/redis-postgres/database/migrate.ts';
import { StartRefused } from '../../src/ports/start-refused.ts';
import { newDatabase, PostgresServer } from '../support/postgres-server.ts';
import { connect, openDatabase } from './support.ts';

const MIGRATIONS = new URL('../../src/engines/redis-postgres/migrations/', import.meta.url);

async function emptyDatabase(context: TestContext): Promise<string> {
  const { url, drop } = await newDatabase();
  context.after(drop);
  return url;
}

/** Refused with one sentence for the terminal that holds none of the secrets. */
async function refusal(url: string): Promise<string> {
  try {
    await migrate(url);
  } catch (error) {
    assert.ok(error instanceof StartRefused, String(error));
    assert.ok(!error.message.includes('s3cret'));
    return error.message;
  }
  throw new Error('It was not refused');
}

function changed(url: string, change: (url: URL) => void): string {
  const other = new URL(url);
  change(other);
  return other.href;
}

test('four processes that start at once make the schema once', async (context) => {
  const url = await emptyDatabase(context);
  await Promise.all([1, 2, 3, 4].map(() => migrate(url)));
  await migrate(url);
  const client = await connect(context, url);
  const { rows } = await client.query('SELECT name, applied_at FROM schema_migrations ORDER BY version');
  assert.deepEqual(
    rows.map(({ name }) => name),
    readdirSync(MIGRATIONS).sort(),
  );
  assert.ok(rows[0].applied_at instanceof Date);
});

test('a failed migration leaves nothing behind, and the next start continues', async (context) => {
  const url = await emptyDatabase(context);
  const client = await connect(context, url);
  await client.query('CREATE TABLE attempts (in_the_way integer)');
  await assert.rejects(migrate(url));
  assert.equal((await client.query("SELECT to_regclass('events') AS name")).rows[0].name, null);
  await client.query('DROP TABLE attempts');
  await migrate(url);
  assert.notEqual((await client.query("SELECT to_regclass('events') AS name")).rows[0].name, null);
});

test('a schema of a newer version is not touched', async (context) => {
  const url = await emptyDatabase(context);
  await migrate(url);
  const client = await connect(context, url);
  await client.query("INSERT INTO schema_migrations (version, name) VALUES (9000, '9000-later.sql')");
  assert.match(await refusal(url), /made by a newer version \(schema 9000\)/);
});

test('says what to change when the database can’t be used', async (context) => {
  const url = await emptyDatabase(context);
  const client = await connect(context, url);
  const user = `nobody_${new URL(url).pathname.slice(1)}`;
  await client.query(`CREATE ROLE ${user} LOGIN PASSWORD 's3cret'`);
  assert.match(
    await refusal(changed(url, (to) => Object.assign(to, { pathname: '/no_such_database' }))),
    /no database no_such_database at 127\.0\.0\.1:\d+: create it/,
  );
  assert.match(
    await refusal(changed(url, (to) => Object.assign(to, { username: 'no_such_user', password: 's3cret' }))),
    /refused the user or password/,
  );
  await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
  assert.match(
    await refusal(changed(url, (to) => Object.assign(to, { username: user, password: 's3cret' }))),
    /may not make tables .* grant CREATE/,
  );
  await client.query(`DROP ROLE ${user}`);
  assert.match(
    await refusal('postgres://user:s3cret@127.0.0.1:1/name'),
    /reached at 127\.0\.0\.1:1\/name \(ECONNREFUSED\)/,
  );
  assert.match(await refusal('postgres://user:s3cret@host.invalid/name'), /can't be reached at host\.invalid\/name/);
  assert.match(await refusal('postgres://user:s3cret@127.0.0.1:99999/name'), /is not a URL/);
  assert.match(await refusal(`${url}?sslmode=require`), /has no TLS/);
});

test('asks for the password that is missing, and says when it is wrong', async (context) => {
  const server = await PostgresServer.start(['password_encryption=scram-sha-256']);
  context.after(() => server.stop());
  const client = await connect(context, server.url());
  await client.query("CREATE ROLE clerk SUPERUSER LOGIN PASSWORD 'right'");
  const { rows } = await client.query('SHOW hba_file');
  await writeFile(rows[0].hba_file, 'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n');
  await client.query('SELECT pg_reload_conf()');
  const as = (user: string) => server.url().replace('postgres@', `${user}@`);
  await migrate(as('clerk:right'));
  assert.match(await refusal(as('clerk:s3cret')), /refused the user or password/);
  assert.match(await refusal(as('clerk')), /asks for a password/);
});

test('refuses another encoding, and a server that is read-only', async (context) => {
  const url = await emptyDatabase(context);
  const client = await connect(context, url);
  const name = new URL(url).pathname.slice(1);
  await client.query(`CREATE DATABASE ${name}_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
  const latin = changed(url, (to) => Object.assign(to, { pathname: `/${name}_latin` }));
  assert.match(await refusal(latin), /encoding LATIN1: make one with ENCODING 'UTF8'/);
  await client.query(`DROP DATABASE ${name}_latin`);
  await client.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  assert.match(await refusal(url), /read-only: let DATABASE_URL name the primary/);
});

test('warns of settings under which a commit is no promise', async (context) => {
  const server = await PostgresServer.start(['fsync=off', 'full_page_writes=on', 'synchronous_commit=off']);
  context.after(() => server.stop());
  await migrate(server.url());
  const warnings = await checkPostgres(openDatabase(context, server.url()));
  assert.deepEqual(
    warnings.map((warning) => /runs with (\w+) = off/.exec(warning)?.[1]),
    ['fsync', 'synchronous_commit'],
  );
});
