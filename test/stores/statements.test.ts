import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inDialect, readStatements } from '../../src/engines/stores/statements/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ENGINES = join(import.meta.dirname, '../../src/engines');

const WRITTEN = `-- Reads jobs.
SELECT * FROM jobs /*sqlite INDEXED BY jobs_unfinished */ WHERE id > $1 LIMIT $10 /*postgres
  FOR UPDATE */ /* both keep this */`;

test('a statement is written once and has the marks and parameters of its dialect', () => {
  assert.equal(
    inDialect(WRITTEN, 'sqlite'),
    '-- Reads jobs.\nSELECT * FROM jobs INDEXED BY jobs_unfinished WHERE id > ?1 LIMIT ?10  /* both keep this */',
  );
  assert.equal(
    inDialect(WRITTEN, 'postgres'),
    '-- Reads jobs.\nSELECT * FROM jobs  WHERE id > $1 LIMIT $10 FOR UPDATE /* both keep this */',
  );
});

test('no mark is left over in a statement: a dialect that is misspelled would be lost in silence', () => {
  for (const [folder, dialect] of [
    ['sqlite', 'sqlite'],
    ['redis-postgres', 'postgres'],
  ] as const) {
    const statements = readStatements(join(ENGINES, folder), dialect);
    assert.ok(statements.has('get-job'), 'the shared stores are read');
    for (const [name, text] of statements) assert.doesNotMatch(text, /\/\*/, `${name} (${dialect})`);
  }
});

test('two statements with one name fail the start', (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, 'room/sql'), { recursive: true });
  writeFileSync(join(folder, 'room/sql/get-job.sql'), 'SELECT 1');
  assert.throws(() => readStatements(folder, 'sqlite'), /There are two statements get-job/);
});
