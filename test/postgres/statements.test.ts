import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readStatements } from '../../src/engines/stores/statements/index.ts';
import { RecordWorld } from './support.ts';

test('PostgreSQL takes every statement, and knows the type of each parameter', async (context) => {
  const { client } = await RecordWorld.open(context);
  const statements = readStatements(join(import.meta.dirname, '../../src/engines/redis-postgres'), 'postgres');
  for (const [name, text] of statements) {
    await assert.doesNotReject(client.query(`PREPARE "${name}" AS ${text}`), name);
    assert.match(text, /^-- \S.{20}/, name);
  }
  await assert.rejects(client.query('PREPARE bad AS SELECT nothing FROM jobs'));
});
