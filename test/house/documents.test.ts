import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
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

/** Source files that a document names: `src/`, and the folder of an engine, may be left out. */
function missingFiles(text: string): string[] {
  const named = [...text.matchAll(/(?<![\w./-])[\w-]+(?:\/[\w-]+)+\.(?:ts|tsx|lua|sql|mjs|cjs)\b/g)].map(
    ([path]) => path,
  );
  const folders = ['', 'src', 'src/pipeline', 'src/engines/sqlite', 'src/engines/redis-postgres'];
  return named.filter((path) => !folders.some((folder) => existsSync(join(ROOT, folder, path))));
}

test('a document that names a missing file is found', () => {
  assert.deepEqual(missingFiles('`core/limits.ts`, `src/pipeline/gone.ts`'), ['src/pipeline/gone.ts']);
});

/** For each room of the pipeline, the rooms that its files import. */
function pipelineImports(): Map<string, string> {
  const folder = join(ROOT, 'src/pipeline');
  const rooms = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return new Map(
    rooms.map(({ name: room }) => {
      const texts = globSync(`${room}/**/*.ts`, { cwd: folder }).map((path) =>
        readFileSync(join(folder, path), 'utf8'),
      );
      const doors = texts.flatMap((text) => [...text.matchAll(/'(?:\.\.\/)+([\w-]+)\/index\.ts'/g)]);
      const imported = new Set(doors.map(([, name = '']) => name).filter((name) => name !== room));
      return [room, [...imported].sort().join(', ') || 'none'];
    }),
  );
}

test('ARCHITECTURE lists the rooms of the pipeline with the rooms that they import', () => {
  const text = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8');
  const table = text.slice(text.indexOf('| room | purpose | imports the rooms |'), text.indexOf('### The API'));
  const rows = [...table.matchAll(/^\| `(\w+)` \| .* \| ([\w, ]+) \|$/gm)];
  const listed = new Map(rows.map(([, room = '', imports = '']) => [room, imports]));
  assert.deepEqual([...listed].sort(), [...pipelineImports()].sort());
});

/** The anchors of a document's headings, as GitHub makes them. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Links to headings that are not there: of the document itself, or of another one. */
function missingAnchors(document: string, text: string): string[] {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)];
  const isMissing = (path: string, anchor: string): boolean => {
    const target = path === '' ? text : readFileSync(join(ROOT, dirname(document), path), 'utf8');
    return !anchors(target).has(anchor);
  };
  return links.filter(([, path = '', anchor = '']) => isMissing(path, anchor)).map(([link]) => link);
}

test('a link to a missing heading is found', () => {
  assert.deepEqual(missingAnchors('README.md', '# A, b\n[x](#a-b) [y](#c)'), ['](#c)']);
});

for (const document of DOCUMENTS) {
  test(`${document} links to headings that are there`, () => {
    assert.deepEqual(missingAnchors(document, readFileSync(join(ROOT, document), 'utf8')), []);
  });

  test(`${document} names source files that are there`, () => {
    assert.deepEqual(missingFiles(readFileSync(join(ROOT, document), 'utf8')), []);
  });

  test(`${document} links to files that are there`, () => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.ok(existsSync(join(ROOT, dirname(document), target)), `${document} → ${target}`);
    }
  });
}
