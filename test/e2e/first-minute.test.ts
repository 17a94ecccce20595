import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { DEVELOPMENT_KEY } from '../../src/app/settings/settings.ts';
import { Receiver } from '../support/receiver.ts';
import { Client } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const shell = promisify(execFile);

test("a newcomer's first minute: the screen, its curl as it stands, a receiver, Ctrl-C", async (context) => {
  const service = await ServiceProcess.start({ DATA_DIR: temporaryFolder(context) }, []);
  const client = new Client(service.url, DEVELOPMENT_KEY);
  context.after(async () => {
    await client.close();
    await service.stop();
  });
  const screen = service.output;
  assert.ok(screen.includes(DEVELOPMENT_KEY));
  const curl = /^curl -X POST \S+\/api\/events[\s\S]*?-v$/m.exec(screen)?.[0];
  assert.ok(curl !== undefined, screen);
  const { stdout, stderr } = await shell('sh', ['-c', curl]);
  assert.equal(JSON.parse(stdout).status, 'accepted');
  assert.match(stderr, /< HTTP\/1\.1 202/);
  assert.match(stderr, /< x-response-time: \d+\.\d\dms/i);
  // Or it may be fanned out after the endpoint below was made.
  await client.recorded(JSON.parse(stdout).id);

  const receiver = await Receiver.start();
  context.after(() => receiver.stop());
  const config = await client.post('/api/webhook/config', { webhook_url: receiver.url });
  assert.equal(config.status, 200, config.text);
  const id = await client.send('test.webhook', { hello: 'world' });
  const [got] = await receiver.waitFor(1);
  assert.equal(got?.headers['webhook-id'], id);
  new Webhook(config.json.secret).verify(got?.body ?? '', (got?.headers ?? {}) as Record<string, string>);

  const ended = await service.stop('SIGINT');
  assert.deepEqual(ended, { code: 0, signal: null });
});

test('production: the development key is refused, whatever the folder holds, and any Host is served', async (context) => {
  const dataDir = temporaryFolder(context);
  const development = await ServiceProcess.start({ DATA_DIR: dataDir });
  await development.stop();
  const service = await ServiceProcess.start({ DATA_DIR: dataDir, NODE_ENV: 'production' });
  const client = new Client(service.url, DEVELOPMENT_KEY);
  context.after(async () => {
    await client.close();
    await service.stop();
  });
  const answer = await client.post('/api/events', { type: 'a', data: 1 });
  assert.equal(answer.status, 401);
  assert.equal(answer.json.code, 'invalid_api_key');
  const elsewhere = await client.get('/health', { headers: { host: 'events.example.com' } });
  assert.equal(elsewhere.status, 200);
});
