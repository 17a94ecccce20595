/**
 * Builds dashboard/ into dashboard/dist when its sources changed since the last time: a hash of them, of the lock file and
 * of this file stands in dashboard/dist/stamp. `node scripts/build-dashboard.mjs` builds; scripts/launch.mjs calls it.
 *
 * Plain JavaScript: it runs under the Node that started `npm start`, whichever that is.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** @returns whether something had to be built; throws when it can't be */
export async function buildDashboardIfChanged(root) {
  const dist = join(root, 'dashboard/dist');
  const stamp = hashOfSources(root);
  if (readIfThere(join(dist, 'stamp')) === stamp) return false;
  const { build } = await import('esbuild');
  // Written beside and then moved: who reads the folder meanwhile sees the old one or the new one.
  const fresh = `${dist}.${process.pid}`;
  try {
    await write({ build, root, fresh, stamp });
    rmSync(dist, { recursive: true, force: true });
    renameSync(fresh, dist);
  } catch (error) {
    // Two starts at once: the other one's is as good.
    if (readIfThere(join(dist, 'stamp')) !== stamp) throw error;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return true;
}

async function write({ build, root, fresh, stamp }) {
  mkdirSync(fresh, { recursive: true });
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { dashboard: 'dashboard/src/main.tsx' },
    bundle: true,
    minify: true,
    write: false,
    outdir: 'dashboard/dist',
    entryNames: '[name]-[hash]',
    format: 'esm',
    target: ['es2022'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'silent',
  });
  const names = { js: '', css: '' };
  for (const { path, contents } of outputFiles) {
    writeFileSync(join(fresh, basename(path)), contents);
    names[path.endsWith('.css') ? 'css' : 'js'] = basename(path);
  }
  const page = readFileSync(join(root, 'dashboard/index.html'), 'utf8');
  writeFileSync(join(fresh, 'index.html'), page.replace('{script}', names.js).replace('{style}', names.css));
  writeFileSync(join(fresh, 'stamp'), stamp);
}

function hashOfSources(root) {
  const hash = createHash('sha256');
  const folder = join(root, 'dashboard');
  const sources = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => !path.startsWith('dist') && /\.(tsx?|css|html)$/.test(path))
    .sort()
    .map((path) => join(folder, path));
  for (const path of [...sources, join(root, 'package-lock.json'), join(root, 'scripts/build-dashboard.mjs')]) {
    if (existsSync(path))
      hash
        .update(`${path.slice(root.length)}\0`)
        .update(readFileSync(path))
        .update('\0');
  }
  return hash.digest('hex');
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await buildDashboardIfChanged(join(import.meta.dirname ?? process.cwd(), '..'));
}
