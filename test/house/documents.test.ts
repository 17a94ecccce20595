import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { settingsMarkdown } from '../../src/app/settings-table.ts';

const ROOT = join(import.meta.dirname, '../..');
const DOCUMENTS = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });

test("the README's table of settings is the one the program reads by", () => {
  assert.ok(readFileSync(join(ROOT, 'README.md'), 'utf8').includes(settingsMarkdown().trim()));
});

for (const document of DOCUMENTS) {
  test(`${document} links to files that are there`, () => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.ok(existsSync(join(ROOT, dirname(document), target)), `${document} → ${target}`);
    }
  });
}
