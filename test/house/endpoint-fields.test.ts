import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');

/** Fields that the engines only keep: a new one is like them. */
const KEPT = ['description', 'max_concurrency', 'max_attempts', 'retry_schedule', 'timeout_ms'];

/** Where a field is said, besides the two migrations that make its column and the two `schema.sql` that show it. */
const PLACES = [
  'src/engines/stores/endpoints/endpoint-row.ts',
  'src/engines/stores/endpoints/sql/put-endpoint.sql',
] as const;

/** Which files name a column. */
function placesOf(column: string, files: ReadonlyMap<string, string>): string[] {
  const word = new RegExp(`\\b${column}\\b`);
  return [...files].filter(([, text]) => word.test(text)).map(([path]) => path);
}

function engineFiles(): ReadonlyMap<string, string> {
  const all = globSync('src/engines/**/*.{ts,sql}', { cwd: ROOT });
  const paths = all.filter((path) => !path.includes('/migrations/') && !path.endsWith('/schema.sql'));
  return new Map(paths.sort().map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));
}

test('a field of an endpoint is said in two files of the engines, and in the schema of each', () => {
  const files = engineFiles();
  for (const column of KEPT) assert.deepEqual(placesOf(column, files), PLACES, column);
});

test('a third place is seen', () => {
  const third = new Map([...engineFiles(), ['src/engines/x.sql', 'SELECT timeout_ms FROM endpoints']]);
  assert.deepEqual(placesOf('timeout_ms', third), [...PLACES, 'src/engines/x.sql']);
});
