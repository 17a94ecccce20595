import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '../..');
const npm = (args: string[], cwd: string) => execFileSync('npm', args, { cwd, encoding: 'utf8' });

test('the packed package, installed into an empty folder, starts, takes an event and stops', async (context) => {
  const folder = temporaryFolder(context);
  execFileSync(process.execPath, [join(ROOT, 'scripts/build-package.ts')], { cwd: ROOT, stdio: 'pipe' });
  npm(['pack', join(ROOT, 'dist/package'), '--pack-destination', folder], folder);
  const [tarball = ''] = readdirSync(folder);
  assert.match(tarball, /^triggers-api-.*\.tgz$/);
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  npm(['install', `./${tarball}`, '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], folder);
  const installed = join(folder, 'node_modules/triggers-api');
  assert.ok(existsSync(join(installed, 'src/app/service.d.ts')), 'it has types');
  assert.deepEqual(readdirSync(installed).includes('test'), false);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

  const command = join(folder, 'node_modules/.bin/triggers');
  assert.equal(execFileSync(process.execPath, [command, '--version'], { encoding: 'utf8' }).trim(), version);
  const child = spawn(process.execPath, [command, '--port', '0', '--data-dir', join(folder, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  });
  context.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const url = await addressOf(child.stdout);
  const answer = await fetch(`${url}/api/events`, {
    method: 'POST',
    headers: { 'X-API-Key': 'test-api-key-change-in-prod', 'Content-Type': 'application/json' },
    body: '{"type":"test.manual","data":{"message":"test"}}',
  });
  assert.equal(answer.status, 202, await answer.text());
  assert.match(await (await fetch(`${url}/dashboard`)).text(), /<script/);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    output.on('data', (chunk) => {
      text += String(chunk);
      const found = /http:\/\/localhost:\d+/.exec(text)?.[0];
      if (found !== undefined) resolve(found);
    });
    output.once('end', () => reject(new Error(`it ended and said: ${text}`)));
  });
}
