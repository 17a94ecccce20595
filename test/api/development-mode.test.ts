import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { SystemClock } from '../../src/app/clock.ts';
import { startService } from '../../src/app/service.ts';
import { DEVELOPMENT_KEY, readSettings } from '../../src/app/settings/settings.ts';
import { isLoopbackConnection } from '../../src/core/delivery/loopback.ts';
import { engineEnvironment } from '../support/engine-choice.ts';
import { keptLog } from '../support/kept-logs.ts';
import { Client } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('whether a connection is of this machine', () => {
  for (const [remoteAddress, localAddress, expected] of [
    ['127.0.0.1', '127.0.0.1', true],
    ['127.8.9.1', '127.0.0.2', true],
    ['::1', '::1', true],
    ['::ffff:127.0.0.1', '::ffff:127.0.0.1', true],
    ['10.0.0.7', '127.0.0.1', false],
    ['127.0.0.1', '10.0.0.7', false],
    ['10.0.0.7', '10.0.0.7', false],
    ['::ffff:10.0.0.7', '::ffff:127.0.0.1', false],
    ['::', '::1', false],
    ['1::1', '::1', false],
    ['127.0.0.1.example', '127.0.0.1', false],
    [undefined, '127.0.0.1', false],
    ['127.0.0.1', undefined, false],
  ] as const) {
    test(`${remoteAddress} → ${localAddress}`, () =>
      assert.equal(isLoopbackConnection({ remoteAddress, localAddress }), expected));
  }
});

test('in development another address of this machine is as good as another machine', async (context) => {
  const dataDir = temporaryFolder(context);
  const settings = readSettings({ PORT: '0', ...(await engineEnvironment(dataDir)), DATA_DIR: dataDir });
  assert.ok(!('problems' in settings));
  // The settings refuse such a HOST; what serves the requests must not lean on that.
  const service = await startService({
    settings: { ...settings, host: '0.0.0.0' },
    log: keptLog(),
    clock: new SystemClock(),
  });
  context.after(() => service.stop());
  const port = /:(\d+)$/.exec(service.address ?? '')?.[1] ?? '';
  const others = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4');
  for (const { address } of others) {
    const client = new Client(`http://${address}:${port}`, DEVELOPMENT_KEY);
    context.after(() => client.close());
    const headers = { host: 'localhost' };
    for (const answer of [
      await client.post('/api/events', { type: 'a', data: 1 }, { headers }),
      await client.post('/api/keys/generate', { organization_name: 'x' }, { key: null, headers }),
      await client.get('/health', { headers: { ...headers, 'x-forwarded-for': '127.0.0.1' } }),
    ]) {
      assert.deepEqual([answer.status, answer.json.code], [403, 'forbidden'], answer.text);
    }
  }
  const here = new Client(`http://127.0.0.1:${port}`, DEVELOPMENT_KEY);
  context.after(() => here.close());
  assert.equal((await here.post('/api/events', { type: 'a', data: 1 })).status, 202);
});
