import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { slowPatterns, whySlow } from '../../scripts/slow-patterns.ts';

const SLOW = [
  /^application\/json *(?:; *charset="?utf-8"? *)?;? *$/,
  /^(https?):\/\/([^/?#]+)([^#]*)$/,
  /^(a+)+$/,
  /^(?:\s*\w*)*$/,
  /\s+$/,
  /^a*b?a*$/,
  /^\w+\d+x$/,
];
const FAST = [
  /^(https?):\/\/([^/?#]+)([/?][^#]*)?$/,
  /^Bearer +([^ ]+) *$/i,
  /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e]*\r\n)+$/,
  /^[\w.-]+=[^,\s]+(,[\w.-]+=[^,\s]+)*$/,
  /[\r\n]+/,
  /^\d{1,15}$/,
  /^[A-Z][a-z]{2}, \d{2} GMT$/,
];

for (const { source } of SLOW) test(`slow: ${source}`, () => assert.notEqual(whySlow(source), null));
for (const { source } of FAST) test(`fast: ${source}`, () => assert.equal(whySlow(source), null));

/** Over what an operator wrote, or an end that only looks like a search; nobody else's text gets there. */
const HARMLESS = ['span-export.ts', 'session.ts', 'redis/checks.ts'];

test('no regular expression of src/ takes more than linear time', () => {
  const found = slowPatterns(join(import.meta.dirname, '../..'));
  assert.deepEqual(
    found.filter((line) => !HARMLESS.some((known) => line.includes(known))),
    [],
  );
});
