import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clientTypes } from '../../scripts/client-types.ts';

test("the client's types are those of the service's schemas: run scripts/client-types.ts", () => {
  const path = join(import.meta.dirname, '../../packages/client/src/types.ts');
  assert.equal(readFileSync(path, 'utf8'), clientTypes());
});
