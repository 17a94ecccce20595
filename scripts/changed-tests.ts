import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Source by its path from the root: `src/core/time.ts` → its text. */
export type Sources = ReadonlyMap<string, string>;

const CODE = ['src', 'test', 'scripts', 'packages', 'bench', 'dashboard/src', 'deploy'].map(
  (folder) => `${folder}/**/*.{ts,tsx,mjs}`,
);
/** An import, or the path of a program that a test starts: `'../../src/cli/main.ts'`. */
const PATHS = /['"`](\.\.?\/[^'"`\n]+\.(?:ts|tsx|mjs))['"`]/g;

/** `npm test -- --changed`: the test files that a change since `base` can touch. */
export function changedTestFiles(root: string, base: string): string[] {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
  const changed = [...git('diff', '--name-only', base), ...git('ls-files', '--others', '--exclude-standard')];
  const sources = new Map(
    CODE.flatMap((pattern) => globSync(pattern, { cwd: root }))
      .filter((path) => !path.includes('node_modules') && existsSync(join(root, path)))
      .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  );
  return testsTouchedBy(changed, sources);
}

/**
 * The test files that import what changed, or import what imports it, and so on. Files that are read and not imported
 * (SQL, Lua, JSON, documents) count for the code of the nearest folder above them that has some.
 */
export function testsTouchedBy(changed: readonly string[], sources: Sources): string[] {
  const importers = new Map<string, string[]>();
  for (const [path, text] of sources) {
    for (const [, specifier = ''] of text.matchAll(PATHS)) {
      const target = normalize(join(dirname(path), specifier));
      importers.set(target, [...(importers.get(target) ?? []), path]);
    }
  }
  const touched = new Set(changed.flatMap((path) => (isCode(path) ? [path] : readersOf(path, sources))));
  for (const path of touched) for (const importer of importers.get(path) ?? []) touched.add(importer);
  return [...touched]
    .filter((path) => sources.has(path) && path.startsWith('test/') && path.endsWith('.test.ts'))
    .sort();
}

/** Also one that is gone: who still imports it is touched. */
function isCode(path: string): boolean {
  return /\.(?:ts|tsx|mjs)$/.test(path);
}

function readersOf(path: string, sources: Sources): string[] {
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    const readers = [...sources.keys()].filter((source) => dirname(source) === folder);
    if (readers.length > 0) return readers;
  }
  // Of the root (package.json, README): what the tests of the house look at.
  return [...sources.keys()].filter((source) => source.startsWith('test/house/'));
}
