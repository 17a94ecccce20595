import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { settingsMarkdown } from '../../src/app/settings/settings-table.ts';
import { OPERATIONAL_EVENT_TYPES } from '../../src/core/events/operational-event.ts';

const ROOT = join(import.meta.dirname, '../..');
const DOCUMENTS = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });

test("the README's table of settings is the one the program reads by", () => {
  assert.ok(readFileSync(join(ROOT, 'README.md'), 'utf8').includes(settingsMarkdown().trim()));
});

/** Types without a row that says what their `data` is. */
function undocumented(guides: string, types: readonly string[]): string[] {
  return types.filter((type) => !guides.includes(`\n| \`${type}\` | \`{"`));
}

test('the guides say of each operational event what its data is', () => {
  const guides = readFileSync(join(ROOT, 'docs/GUIDES.md'), 'utf8');
  assert.deepEqual(undocumented(guides, OPERATIONAL_EVENT_TYPES), []);
  assert.deepEqual(undocumented(guides, ['delivery.failed', 'delivery.lost']), ['delivery.lost'], 'a bad sample');
});

for (const document of DOCUMENTS) {
  test(`${document} links to files that are there`, () => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.ok(existsSync(join(ROOT, dirname(document), target)), `${document} → ${target}`);
    }
  });
}
