import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { contractTypes } from '../../scripts/contract-types.ts';

for (const [path, text] of contractTypes()) {
  test(`${path} has the types of the service's schemas: run scripts/contract-types.ts`, () => {
    assert.equal(readFileSync(join(import.meta.dirname, '../..', path), 'utf8'), text);
  });
}
