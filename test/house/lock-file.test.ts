import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

// Plain JavaScript without types.
const { fetchArguments, isPinned, nodePackage, PINNED_NODE } = (await import(
  String(new URL('../../deploy/npm/pinned-node.mjs', import.meta.url))
)) as {
  fetchArguments(name: string): string[];
  isPinned(path: string): boolean;
  nodePackage(): string | undefined;
  PINNED_NODE: string;
};

interface LockEntry {
  readonly version?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
type Packages = Readonly<Record<string, LockEntry>>;

const TEXT = readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8');
const { packages } = JSON.parse(TEXT) as { packages: Packages };

/**
 * npm leaves packages of other platforms out when the registry at hand does not carry them; `npm ci` then refuses the
 * whole file, on every machine.
 */
function leftOut(lock: Packages): string[] {
  return Object.entries(lock)
    .filter(([path]) => path !== '')
    .flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies ?? {}).filter(
        (name) => !places(path, name).some((place) => lock[place]?.version !== undefined),
      ),
    );
}

/** Where Node looks for `name` from `path`, nearest first. */
function places(path: string, name: string): string[] {
  const own = `${path}/node_modules/${name}`;
  const above = path.slice(0, Math.max(0, path.lastIndexOf('node_modules/') - 1));
  return path === '' ? [`node_modules/${name}`] : [own, ...places(above, name)];
}

test('package-lock.json knows the packages of all platforms', () => {
  assert.deepEqual(leftOut(packages), [], 'run `node scripts/complete-lock.ts` under Node 24');
});

test('the guard finds a package that was left out, and a bare note of one', () => {
  const parent = { version: '1.0.0', optionalDependencies: { 'tool-linux-x64': '1.0.0', 'tool-darwin-x64': '1.0.0' } };
  const linux = { version: '1.0.0' };
  assert.deepEqual(leftOut({ 'node_modules/tool': parent, 'node_modules/tool-linux-x64': linux }), ['tool-darwin-x64']);
  const bare = {
    'node_modules/tool': parent,
    'node_modules/tool-linux-x64': linux,
    'node_modules/tool-darwin-x64': {},
  };
  assert.deepEqual(leftOut(bare), ['tool-darwin-x64']);
});

/** Without one npm takes whatever the registry at hand calls by that name and version. */
function unchecked(lock: Packages): string[] {
  return Object.entries(lock)
    .filter(([path, { integrity = '' }]) => path !== '' && !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity))
    .map(([path]) => path);
}

test('every package of package-lock.json has a checksum', () => {
  assert.deepEqual(unchecked(packages), []);
  assert.deepEqual(unchecked({ '': {}, a: {}, b: { integrity: 'sha1-abc' } }), ['a', 'b']);
});

test('the Node that is fetched has one version, the same in the image, and a checksum', () => {
  const name = nodePackage();
  assert.ok(name !== undefined || process.platform !== 'linux');
  assert.deepEqual(
    fetchArguments('node').filter((word: string) => word.includes('@')),
    [`--package=node@${PINNED_NODE}`],
  );
  const bases = [
    ...readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8').matchAll(/^FROM node:([\d.]+)-/gm),
  ];
  assert.deepEqual(
    bases.map(([, version]) => version),
    [PINNED_NODE, PINNED_NODE],
  );
  if (name !== undefined) assert.equal(isPinned(join(import.meta.dirname, 'lock-file.test.ts')), false);
  // The program that runs this test may be the machine's own.
  if (process.execPath.includes(`node_modules/${name}/`)) assert.equal(isPinned(process.execPath), true);
});

test('package-lock.json names no registry', () => {
  assert.doesNotMatch(TEXT, /"resolved"|https?:\/\/[^"]*(registry|npm)[^"]*\.tgz/);
});
