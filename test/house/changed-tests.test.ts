import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testsTouchedBy } from '../../scripts/changed-tests.ts';

const SOURCES = new Map([
  ['src/core/time.ts', ''],
  ['src/engines/one/store.ts', "import { now } from '../../core/time.ts';"],
  ['src/cli/main.ts', "await import('../engines/one/store.ts');"],
  ['test/core/time.test.ts', "import { now } from '../../src/core/time.ts';"],
  ['test/support/process.ts', "const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');"],
  ['test/e2e/stop.test.ts', "import { start } from '../support/process.ts';"],
  ['test/core/ids.test.ts', "import { ids } from '../../src/core/ids.ts';"],
  ['test/house/documents.test.ts', "readFileSync('README.md')"],
]);

const CASES: readonly (readonly [what: string, changed: readonly string[], tests: readonly string[]])[] = [
  ['a test itself', ['test/core/ids.test.ts'], ['test/core/ids.test.ts']],
  [
    'a module, also over a program that a test starts',
    ['src/core/time.ts'],
    ['test/core/time.test.ts', 'test/e2e/stop.test.ts'],
  ],
  ['a file that a module reads', ['src/engines/one/sql/accept.sql'], ['test/e2e/stop.test.ts']],
  ['a file of the root', ['README.md'], ['test/house/documents.test.ts']],
  ['a module that is gone', ['src/core/ids.ts'], ['test/core/ids.test.ts']],
  ['nothing', [], []],
];

for (const [what, changed, tests] of CASES) {
  test(`the tests that a change touches: ${what}`, () => assert.deepEqual(testsTouchedBy(changed, SOURCES), tests));
}
