import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '../..');
const npm = (args: string[], cwd: string) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: 'pipe' });

test('the packed client is imported and type-checked in an empty folder, and needs nothing of Node', (context) => {
  const folder = temporaryFolder(context);
  execFileSync(process.execPath, [join(ROOT, 'scripts/build-client.ts')], { cwd: ROOT, stdio: 'pipe' });
  npm(['pack', join(ROOT, 'dist/client'), '--pack-destination', folder], folder);
  const [tarball = ''] = readdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  npm(['install', `./${tarball}`, '--no-audit', '--no-fund', '--offline', '--loglevel=error'], folder);
  assert.deepEqual(
    readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.')),
    ['triggers-client'],
  );

  const program = `import { TriggersClient, verifyWebhook } from 'triggers-client';
const client = new TriggersClient({ url: 'http://127.0.0.1:9', apiKey: 'k', maxTries: 1 });
console.log(await client.send({ type: 'a', data: 1 }).catch((error) => error.code), typeof verifyWebhook);`;
  writeFileSync(join(folder, 'program.mjs'), program);
  // Whatever Node the machine has: 20 and later will do.
  const nodes = [process.execPath, 'node'];
  for (const node of nodes) {
    assert.equal(execFileSync(node, ['program.mjs'], { cwd: folder, encoding: 'utf8' }), 'network function\n', node);
  }

  writeFileSync(
    join(folder, 'program.ts'),
    `${program}\n// @ts-expect-error a type is needed\nclient.send({ data: 1 });\n`,
  );
  const tsc = join(ROOT, 'node_modules/ts7/bin/tsc');
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2022,dom',
    '--types',
    '',
  ];
  execFileSync(process.execPath, [tsc, ...options, 'program.ts'], { cwd: folder, stdio: 'pipe' });

  for (const path of globSync('node_modules/triggers-client/src/*.js', { cwd: folder })) {
    assert.doesNotMatch(
      readFileSync(join(folder, path), 'utf8'),
      /\bfrom '(?!\.\/)|\brequire\(|\bprocess\.|\bBuffer\b/,
      path,
    );
  }
});
