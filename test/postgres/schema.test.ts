import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { newDatabase } from '../support/postgres-server.ts';
import { TRIGGERS_DATABASE } from '../support/triggers-database.ts';
import { connect } from './support.ts';

const ENGINE = join(import.meta.dirname, '../../src/engines/redis-postgres');
const SCHEMA = readFileSync(join(ENGINE, 'schema.sql'), 'utf8');

const TABLES = `
  SELECT relname || ': ' || concat_ws(' ', relkind, reloptions::text, pg_get_partkeydef(oid)) AS line
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`;
const COLUMNS = `
  SELECT attrelid::regclass || ': ' || concat_ws(' ', attnum, attname, format_type(atttypid, atttypmod), attnotnull,
    attcollation::regcollation, attcompression, pg_get_expr(adbin, adrelid)) AS line
  FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum JOIN pg_class ON pg_class.oid = attrelid
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped`;
const INDEXES = `
  SELECT indrelid::regclass || ': ' || pg_get_indexdef(indexrelid) AS line
  FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace`;
const CONSTRAINTS = `
  SELECT conrelid::regclass || ': ' || conname || ' ' || pg_get_constraintdef(oid) AS line
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace`;

/** What PostgreSQL makes of a schema: a line a table, column, index and constraint. */
async function describeSchema(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>([TABLES, COLUMNS, INDEXES, CONSTRAINTS].join(' UNION ALL '));
  return rows.map(({ line }) => line).sort();
}

async function schemaOf(context: TestContext, sql: string): Promise<string[]> {
  const client = await databaseOf(context);
  await client.query(sql);
  return describeSchema(client);
}

async function databaseOf(context: TestContext, template?: typeof TRIGGERS_DATABASE): Promise<pg.Client> {
  const database = await newDatabase(template);
  context.after(() => database.drop());
  return connect(context, database.url);
}

/** The last migration that writes a function, for each. */
function lastMigrations(): ReadonlyMap<string, string> {
  const folder = join(ENGINE, 'migrations');
  const last = new Map<string, string>();
  for (const file of readdirSync(folder).sort()) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/^CREATE (?:OR REPLACE )?FUNCTION (\w+)\(/gm)) last.set(name, file);
  }
  return last;
}

test('schema.sql is the schema that the migrations make', async (context) => {
  const client = await databaseOf(context, TRIGGERS_DATABASE);
  assert.deepEqual(await schemaOf(context, SCHEMA), await describeSchema(client));
  const listed = [...SCHEMA.matchAll(/^-- {3}(\w+) +(\S+\.sql)$/gm)].map(([, name = '', file = '']) => [name, file]);
  assert.deepEqual(new Map(listed as [string, string][]), lastMigrations());
  const { rows } = await client.query(
    "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname",
  );
  assert.deepEqual(
    listed.map(([name]) => name),
    rows.map(({ proname }) => proname),
  );
});

test('a column, an index or a setting that is missing is seen', async (context) => {
  const whole = await schemaOf(context, SCHEMA);
  for (const [part, other] of [
    ['  hops integer NOT NULL', '  hops integer'],
    ['CREATE INDEX jobs_by_organization ON jobs (organization_id, id);', ''],
    [' WITH (fillfactor = 50)', ''],
    [' COLLATE "C"', ''],
    [' REFERENCES organizations (id)', ''],
  ] as const) {
    assert.ok(SCHEMA.includes(part), part);
    assert.notDeepEqual(await schemaOf(context, SCHEMA.replace(part, other)), whole, part);
  }
});
