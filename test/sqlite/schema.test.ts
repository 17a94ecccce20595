import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { SystemClock } from '../../src/app/clock.ts';
import { openDatabase } from '../../src/engines/sqlite/database/open-database.ts';
import { loadSqlFiles } from '../../src/engines/sqlite/database/sql-files.ts';

import { temporaryFolder } from '../support/temporary-folder.ts';

const SCHEMA = readFileSync(join(import.meta.dirname, '../../src/engines/sqlite/schema.sql'), 'utf8');

/** What SQLite makes of a schema: a line a table, column, index and foreign key. */
function describeSchema(db: DatabaseSync): string[] {
  const tables = db
    .prepare("SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'")
    .all();
  const lines = tables.flatMap(({ name, ...kind }) => {
    const of = (pragma: string) => db.prepare(`SELECT * FROM ${pragma}(?)`).all(String(name));
    const indexes = of('pragma_index_list').map(({ seq, name: index, ...rest }) => {
      const columns = db.prepare('SELECT name, desc, coll, key FROM pragma_index_xinfo(?)').all(String(index));
      const [text] = db.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').all(String(index));
      return { index, ...rest, columns, where: wordsOf(text?.['sql']).split(' WHERE ')[1] };
    });
    return [kind, ...of('pragma_table_xinfo'), ...of('pragma_foreign_key_list'), ...indexes].map(
      (part) => `${name}: ${JSON.stringify(part)}`,
    );
  });
  return lines.sort();
}

function wordsOf(sql: unknown): string {
  return String(sql ?? '').replaceAll(/\s+/g, ' ');
}

function schemaOf(sql: string): string[] {
  const db = new DatabaseSync(':memory:');
  db.exec(sql);
  return describeSchema(db);
}

test('schema.sql is the schema that the migrations make', (context) => {
  const path = join(temporaryFolder(context), 'triggers.db');
  const { writer, reader } = openDatabase(path, { sql: loadSqlFiles(), clock: new SystemClock(), log: undefined });
  const migrated = describeSchema(writer.db);
  reader.db.close();
  writer.db.close();
  assert.deepEqual(schemaOf(SCHEMA), migrated);
});

test('a column, an index or a condition that is missing is seen', () => {
  for (const [part, other] of [
    ['  hops INTEGER NOT NULL', '  hops INTEGER'],
    ['CREATE INDEX jobs_by_organization ON jobs (organization_id, id);', ''],
    ["WHERE status = 'running'", ''],
    ['REFERENCES organizations (id)', ''],
  ] as const) {
    assert.ok(SCHEMA.includes(part), part);
    assert.notDeepEqual(schemaOf(SCHEMA.replace(part, other)), schemaOf(SCHEMA), part);
  }
});
