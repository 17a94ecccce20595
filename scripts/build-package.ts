import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * `npm run build:package`: the npm package `triggers-api` in `dist/package`, compiled, with types, statements and the
 * dashboard; `npm pack dist/package` makes the file that is published.
 */
const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'dist/package');

/** Needed to build what the package has built already. */
const BUILD_ONLY: readonly string[] = ['esbuild', 'preact', 'uplot'];

rmSync(OUT, { recursive: true, force: true });
execFileSync(process.execPath, [join(ROOT, 'node_modules/ts7/bin/tsc'), '-p', 'tsconfig.package.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
execFileSync(process.execPath, [join(ROOT, 'scripts/build-dashboard.mjs')], { cwd: ROOT, stdio: 'inherit' });
for (const path of globSync('src/**/*.{sql,lua}', { cwd: ROOT })) copy(path);
copy('dashboard/dist');
for (const path of ['README.md', 'LICENSE', 'CHANGELOG.md', 'deploy/systemd/triggers-api.service']) copy(path);
copy('deploy/npm/triggers.mjs', 'bin/triggers.mjs');
copy('deploy/npm/pinned-node.mjs', 'bin/pinned-node.mjs');
chmodSync(join(OUT, 'bin/triggers.mjs'), 0o755);

const { name, version, description, license, type, engines, dependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as Record<string, unknown> & { dependencies: Record<string, string> };
const needed = Object.entries(dependencies).filter(([each]) => !BUILD_ONLY.includes(each));
const manifest = {
  name,
  version,
  description,
  license,
  type,
  engines,
  keywords: ['webhooks', 'events', 'queue', 'sqlite', 'redis', 'postgresql'],
  bin: { 'triggers-api': 'bin/triggers.mjs', triggers: 'bin/triggers.mjs' },
  files: ['bin', 'src', 'packages', 'dashboard', 'deploy', 'CHANGELOG.md'],
  dependencies: Object.fromEntries(needed),
};
writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
process.stdout.write('The package is in dist/package.\n');

function copy(from: string, to = from): void {
  mkdirSync(dirname(join(OUT, to)), { recursive: true });
  cpSync(join(ROOT, from), join(OUT, to), { recursive: true });
}
