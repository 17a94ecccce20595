import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { request } from 'undici';
import { ServiceProcess } from '../support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '../..');
const KEY = 'test-api-key-change-in-prod';

/** One sentence for a person: no stack, no name of an error class or of a file of ours. */
function assertSentence(output: string, shape: RegExp): void {
  assert.match(output.trim(), shape);
  assert.equal(output.trim().split('\n').length, 1, output);
  assert.doesNotMatch(output, /^\s+at |Error:|\.ts:|node:internal/m);
}

describe('a start that can’t be ends with 1 and one sentence that says what to do', () => {
  test('a taken port', async (context) => {
    const other = createServer().listen(0, '127.0.0.1');
    context.after(() => other.close());
    await new Promise((resolve) => other.once('listening', resolve));
    const port = String((other.address() as AddressInfo).port);
    const ended = await ServiceProcess.run({ PORT: port, DATA_DIR: temporaryFolder(context) }, []);
    assertSentence(ended.output, new RegExp(`^Port ${port} is used .*: stop that program, or choose another`));
    assert.equal(ended.code, 1);
  });

  test('a data folder that is a file', async (context) => {
    const path = join(temporaryFolder(context), 'file');
    writeFileSync(path, '');
    const ended = await ServiceProcess.run({ DATA_DIR: path }, []);
    assertSentence(ended.output, /^DATA_DIR must name a folder/);
    assert.equal(ended.code, 1);
  });

  test('a data folder where nothing can be made, whoever one is', async () => {
    const ended = await ServiceProcess.run({ DATA_DIR: '/proc/triggers-data' }, []);
    assertSentence(ended.output, /DATA_DIR/);
    assert.equal(ended.code, 1);
  });

  test('a data folder in use by another process', async (context) => {
    const folder = temporaryFolder(context);
    const first = await ServiceProcess.start({ DATA_DIR: folder });
    try {
      // Without waiting for the other one, which runs on.
      const ended = await ServiceProcess.run({ DATA_DIR: folder }, []);
      assertSentence(ended.output, new RegExp(`\\b${first.pid}\\b`));
      assert.equal(ended.code, 1);
    } finally {
      await first.stop();
    }
  });

  test('a bad setting', async () => {
    const ended = await ServiceProcess.run({ WEBHOOK_TIMEOUT: 'soon' }, []);
    assertSentence(ended.output, /^WEBHOOK_TIMEOUT must be a whole number .* "soon"; the default is 10\.$/);
    assert.equal(ended.code, 1);
  });

  test('an option that is not one ends with 2', async () => {
    const ended = await ServiceProcess.run({}, ['--prot', '1']);
    assertSentence(ended.output, /^"--prot" is neither/);
    assert.equal(ended.code, 2);
  });
});

test('--help and --version answer without starting anything', async () => {
  const help = await ServiceProcess.run({}, ['--help']);
  assert.deepEqual([help.code, help.output.includes('WEBHOOK_RETRY_SCHEDULE')], [0, true]);
  const version = await ServiceProcess.run({}, ['--version']);
  assert.match(version.output, /^\d+\.\d+\.\d+\n$/);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} drains and ends with 0`, async (context) => {
    const service = await ServiceProcess.start({ DATA_DIR: temporaryFolder(context) });
    assert.equal(await accepted(service.url), 202);
    assert.deepEqual(await service.stop(signal), { code: 0, signal: null });
    assert.match(service.output, new RegExp(`INFO: Stopping \\(${signal}\\).*\nINFO: Stopped\n$`));
  });
}

test('in production the screen is one JSON line and the development key is refused', async (context) => {
  const service = await ServiceProcess.start({ DATA_DIR: temporaryFolder(context), NODE_ENV: 'production' });
  assert.equal(await accepted(service.url), 401);
  await service.stop();
  const lines = service.output.trim().split('\n');
  for (const line of lines) assert.equal(typeof JSON.parse(line).msg, 'string');
  assert.doesNotMatch(service.output, /test-api-key/);
});

describe('through scripts/launch.mjs', () => {
  test('the service is told at once that its launcher was killed, and drains', async (context) => {
    const launched = await launch(temporaryFolder(context));
    assert.equal(await accepted(launched.url), 202);
    launched.kill('SIGKILL');
    assert.match(await launched.closed, /Stopping \(the process that started this one is gone\).*\nINFO: Stopped\n$/);
  });

  test('a signal is handed on once, and the exit code comes back', async (context) => {
    const launched = await launch(temporaryFolder(context));
    launched.kill('SIGTERM');
    assert.match(await launched.closed, /INFO: Stopping \(SIGTERM\).*\nINFO: Stopped\n$/);
    assert.equal(await launched.code, 0);
  });
});

async function accepted(url: string): Promise<number> {
  const response = await request(`${url}/api/events`, {
    method: 'POST',
    headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
    body: '{"type":"test.manual","data":{"message":"test"}}',
  });
  await response.body.dump();
  return response.statusCode;
}

/** `closed` resolves with everything said, when the last process that holds the output is gone. */
async function launch(dataDir: string) {
  const child = spawn(process.execPath, ['scripts/launch.mjs', 'src/cli/main.ts', '--port', '0'], {
    cwd: ROOT,
    env: { ...process.env, DATA_DIR: dataDir, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const code = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const closed = new Promise<string>((resolve) => child.on('close', () => resolve(output)));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      const port = /http:\/\/localhost:(\d+)/.exec(output)?.[1];
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    });
    void closed.then(() => reject(new Error(output)));
  });
  return { url, code, closed, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}
