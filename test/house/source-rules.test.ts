import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { sourceFindings } from '../../scripts/source-rules.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SAMPLES: readonly { path: string; text: string; finds: string | null }[] = [
  {
    path: 'src/api/env.ts',
    text: 'const a = 1;\nconst b = process.env.PORT;\n',
    finds: 'src/api/env.ts:2 environment',
  },
  { path: 'src/app/settings/settings.ts', text: 'const b = process.env;\n', finds: null },
  { path: 'src/pipeline/now.ts', text: 'const now = Date.now();\n', finds: 'src/pipeline/now.ts:1 clock' },
  { path: 'src/pipeline/date.ts', text: 'const now = new Date();\n', finds: 'src/pipeline/date.ts:1 clock' },
  { path: 'src/pipeline/given.ts', text: 'const then = new Date(createdAt);\n', finds: null },
  { path: 'src/pipeline/told.ts', text: '// not Date.now()\n/* nor process.env */\n', finds: null },
  { path: 'src/app/clock.ts', text: 'const now = Date.now();\n', finds: null },
  { path: 'src/core/chance.ts', text: 'const a = Math.random();\n', finds: 'src/core/chance.ts:1 pure-core' },
  { path: 'src/core/later.ts', text: '\n\nsetTimeout(f, 1);\n', finds: 'src/core/later.ts:3 pure-core' },
  { path: 'src/pipeline/chance.ts', text: 'const a = Math.random();\n', finds: null },
  { path: 'src/api/long.ts', text: 'a();\n'.repeat(401), finds: 'src/api/long.ts:1 length' },
  { path: 'src/api/full.ts', text: 'a();\n'.repeat(399), finds: null },
];

for (const { path, text, finds } of SAMPLES) {
  test(`${path}: ${finds === null ? 'keeps the rules' : `breaks ${finds.split(' ').at(-1)}`}`, (context) => {
    const folder = temporaryFolder(context);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    const found = sourceFindings(folder).map((finding) => finding.split(':').slice(0, 2).join(':'));
    assert.deepEqual(found, finds === null ? [] : [finds]);
  });
}

test('a folder may have twelve files beside its door, and no thirteenth', (context) => {
  const folder = temporaryFolder(context);
  const room = join(folder, 'src/pipeline/room');
  mkdirSync(room, { recursive: true });
  for (const name of ['index', ...'abcdefghijkl']) writeFileSync(join(room, `${name}.ts`), 'a();\n');
  assert.deepEqual(sourceFindings(folder), []);
  writeFileSync(join(room, 'm.ts'), 'a();\n');
  assert.deepEqual(
    sourceFindings(folder).map((finding) => finding.split(':').slice(0, 2).join(':')),
    ['src/pipeline/room:13 folder'],
  );
});
