import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bigintArray,
  integerArray,
  textArray,
  uuidArray,
} from '../../src/engines/redis-postgres/database/array-parameters.ts';
import { RecordWorld } from './support.ts';

test('arrays in binary form are the values that went in', async (context) => {
  const { client } = await RecordWorld.open(context);
  const texts = fc.array(fc.option(fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'))));
  const integers = fc.array(fc.option(fc.integer()));
  const bigints = fc.array(fc.option(fc.maxSafeInteger()));
  const property = fc.asyncProperty(
    texts,
    integers,
    bigints,
    fc.array(fc.uuid()),
    async (text, integer, bigint, uuid) => {
      const { rows } = await client.query(
        'SELECT $1::text[] AS a, $2::integer[] AS b, $3::bigint[] AS c, $4::uuid[] AS d',
        [textArray(text), integerArray(integer), bigintArray(bigint), uuidArray(uuid)],
      );
      const numbers = rows[0].c.map((value: string | null) => (value === null ? null : Number(value)));
      assert.deepEqual([rows[0].a, rows[0].b, numbers, rows[0].d], [text, integer, bigint, uuid]);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test('refuses invalid UUIDs and values that do not fit their column', () => {
  for (const id of ['', 'x', 'c3d5a1de-0f6c-4f3c-8f57-5a6f6f6f6f6', 'z3d5a1de-0f6c-4f3c-8f57-5a6f6f6f6f6f']) {
    assert.throws(() => uuidArray([id]), TypeError);
  }
  assert.throws(() => integerArray([2 ** 31]), RangeError);
  assert.throws(() => bigintArray([1.5]), RangeError);
});
