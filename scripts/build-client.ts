import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `npm run build:client`: the npm package `triggers-client` in `dist/client`, compiled, with types. */
const ROOT = join(import.meta.dirname, '..');
const FROM = join(ROOT, 'packages/client');
const OUT = join(ROOT, 'dist/client');

rmSync(OUT, { recursive: true, force: true });
execFileSync(process.execPath, [join(ROOT, 'node_modules/ts7/bin/tsc'), '-p', 'packages/client'], {
  cwd: ROOT,
  stdio: 'inherit',
});
const manifest = {
  ...(JSON.parse(readFileSync(join(FROM, 'package.json'), 'utf8')) as object),
  exports: { '.': { types: './src/index.d.ts', default: './src/index.js' } },
};
writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
cpSync(join(FROM, 'README.md'), join(OUT, 'README.md'));
cpSync(join(ROOT, 'LICENSE'), join(OUT, 'LICENSE'));
process.stdout.write('The package is in dist/client.\n');
