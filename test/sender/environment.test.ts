import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { rawReceiver } from './support.ts';

const run = promisify(execFile);

/** One `send` in a process of its own, whose environment can't be changed later. @returns the outcome's error */
async function sendIn(
  environment: Record<string, string>,
  url: string,
  options: { allowLoopback: boolean; shell?: string },
): Promise<string> {
  const program = `
    import { createSender } from ${JSON.stringify(new URL('../../src/sender/sender.ts', import.meta.url).href)};
    const clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
    const sender = createSender({ allowedNetworks: [], allowLoopback: ${options.allowLoopback}, httpsOnly: false, clock });
    const sends = Array.from({ length: ${options.shell === undefined ? 1 : 100} }, (_, n) =>
      sender.send({ endpointId: String(n), url: ${JSON.stringify(url)}, headers: {}, body: '{}', timeoutMs: 3000 }));
    const errors = new Set((await Promise.all(sends)).map((outcome) => outcome.error));
    console.log([...errors].map(String).sort().join());
    await sender.close(0);`;
  const node = ['--input-type=module', '--eval', program];
  const env = { ...process.env, ...environment };
  const { stdout } =
    options.shell === undefined
      ? await run(process.execPath, node, { env })
      : await run('sh', ['-c', `${options.shell}; exec "$0" "$@"`, process.execPath, ...node], { env });
  return stdout.trim();
}

describe('the environment', () => {
  test('proxy variables have no effect', async () => {
    await using proxy = await rawReceiver((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
    const through = `http://127.0.0.1:${proxy.port}`;
    const environment = {
      HTTP_PROXY: through,
      HTTPS_PROXY: through,
      ALL_PROXY: through,
      http_proxy: through,
      https_proxy: through,
      NO_PROXY: '',
      no_proxy: '',
      NODE_USE_ENV_PROXY: '1',
    };
    assert.equal(await sendIn(environment, 'http://127.0.0.1:1/', { allowLoopback: true }), 'connection_refused');
    assert.equal(await sendIn(environment, 'http://10.0.0.1/', { allowLoopback: false }), 'address_not_allowed');
    assert.equal(proxy.connects, 0);
  });

  test('too few descriptors are our own fault', async () => {
    await using receiver = await rawReceiver((socket) => {
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), 200);
    });
    const errors = await sendIn({}, receiver.url, { allowLoopback: true, shell: 'ulimit -n 60' });
    assert.equal(errors, 'local,null', 'delivered or given back, nothing else');
  });
});
