import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { indent, memberText, partsOf } from '../../dashboard/src/core/json-text.ts';

test('set out, the tokens stay: big integers, keys twice, escapes', () => {
  const text = '{"id":12345678901234567890,"2":1e400,"1":"a\\u0000\\"{,","1":[],"o":{ }}';
  assert.equal(
    indent(text),
    '{\n  "id": 12345678901234567890,\n  "2": 1e400,\n  "1": "a\\u0000\\"{,",\n  "1": [],\n  "o": {}\n}',
  );
});

test('any JSON means the same set out, and its members are found', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(JSON.parse(indent(text)), JSON.parse(text));
      assert.equal(partsOf(text).length, Object.keys(value).length);
      for (const [name, member] of Object.entries(value)) assert.equal(memberText(text, name), JSON.stringify(member));
    }),
  );
});
