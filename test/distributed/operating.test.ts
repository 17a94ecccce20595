import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEVELOPMENT_KEY } from '../../src/app/settings/settings.ts';
import { Cluster } from '../support/cluster.ts';
import { Receiver } from '../support/receiver.ts';
import { freePort } from '../support/server-process.ts';
import { Client, eventually } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('several processes of a role under one parent: one port, what dies comes back, SIGTERM ends all with 0', async (context) => {
  const cluster = await Cluster.start(context);
  const port = String(await freePort());
  const env = { ...cluster.env, PORT: port };
  const parent = await ServiceProcess.start(env, ['serve', '--processes', '2']);
  context.after(() => parent.stop('SIGKILL'));
  const client = new Client(`http://127.0.0.1:${port}`, DEVELOPMENT_KEY);
  context.after(() => client.close());
  await eventually(() => assert.equal(announced(parent.output).length, 2));
  const id = await client.send('one', 1);
  await eventually(async () => assert.equal((await client.get(`/api/events/${id}`)).status, 200));

  const consumers = async () =>
    JSON.stringify(await cluster.redis.command('XINFO', 'CONSUMERS', cluster.key('events'), 'event-processors'));
  // Each is a consumer of its own, named <host>-<pid>.
  const pids = await eventually(async () => {
    const found = [...(await consumers()).matchAll(/"[^"]*-(\d+)"/g)].map(([, pid]) => Number(pid));
    assert.equal(found.length, 2);
    return found;
  });
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await eventually(() => assert.match(parent.output, /ended \(SIGKILL\); another starts in 500 ms/));
  await eventually(() => assert.equal(announced(parent.output).length, 3));
  await client.send('two', 2);
  assert.deepEqual(await parent.stop(), { code: 0, signal: null });
});

function announced(output: string): string[] {
  return output.match(/Listening/g) ?? [];
}

test('a start that can’t be ends with 1 and says so once, however many processes are wanted', async (context) => {
  const cluster = await Cluster.start(context);
  await cluster.redis.kill();
  const ended = await ServiceProcess.run(cluster.env, ['worker', '--processes', '3']);
  assert.equal(ended.code, 1);
  assert.match(ended.output, /^Redis can't be reached at 127\.0\.0\.1:\d+: start it, or change REDIS_URL\.\n$/);
});

test('roles and many processes need the distributed engine, and say so', async () => {
  for (const args of [['worker'], ['serve', '--processes', '2'], ['dead', 'list'], ['migrate-data']]) {
    const { code, output } = await ServiceProcess.run({ DATA_DIR: '/proc/nowhere' }, args);
    assert.deepEqual([args, code], [args, 1]);
    assert.match(output, /set REDIS_URL and DATABASE_URL|Set REDIS_URL and DATABASE_URL|DATA_DIR/);
    assert.equal(output.trim().split('\n').length, 1, output);
  }
});

test('dead events are listed, put back and dropped', async (context) => {
  const cluster = await Cluster.start(context);
  const api = await cluster.run('serve');
  const client = cluster.client(api);
  const [organization] = ['0190c0de-0000-7000-8000-000000000001'];
  const fields = ['organization_id', organization ?? '', 'type', 'a.b', 'data', '1', 'created_at', '1', 'hops', '0'];
  await cluster.redis.command('XADD', cluster.key('events'), '*', 'hello', 'world');
  await cluster.redis.command('XADD', cluster.key('events'), '*', 'id', 'no id', ...fields);
  await eventually(async () => assert.equal(await cluster.redis.command('XLEN', cluster.key('events:dead')), 2));
  const { events } = (await client.get('/health/detailed')).json;
  assert.deepEqual(events, { waiting: 0, dead: 2 });
  const dead = (...args: string[]) => ServiceProcess.run(cluster.env, ['dead', ...args]);
  const list = await dead();
  assert.equal(list.code, 0);
  assert.match(list.output, /field id is missing/);
  assert.match(list.output, /no id {2}a\.b {2}field id is not a UUIDv7/);
  const [first = ''] = /^\d+-\d+/m.exec(list.output) ?? [];
  assert.match((await dead('drop', first)).output, /^1 dropped\.\n$/);
  assert.match((await dead('requeue')).output, /^1 requeued\.\n$/);
  await eventually(async () => assert.match((await dead()).output, /field id is not a UUIDv7/));
  assert.match((await dead('drop', 'all')).output, /^1 dropped\.\n$/);
  assert.match((await dead('list')).output, /^There are no dead letters\.\n$/);
  await client.send('goes.on', 1);
});

test('migrate-data takes everything along: events, deliveries with attempts, endpoints, inboxes, dedup ids', async (context) => {
  const receiver = await Receiver.start();
  context.after(() => receiver.stop());
  const dataDir = temporaryFolder(context);
  const embedded = await ServiceProcess.start({ DATA_DIR: dataDir });
  context.after(() => embedded.stop('SIGKILL'));
  const before = new Client(embedded.url, DEVELOPMENT_KEY);
  context.after(() => before.close());
  const config = (await before.post('/api/webhook/config', { webhook_url: receiver.url })).json;
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.push(await before.send('moved', { n, big: '\u0000 "\\' }, { dedup_id: `żółć-${n}` }));
  await receiver.waitFor(5);
  const paused = (await before.post('/api/endpoints', { url: `${receiver.url}/later`, enabled: false })).json;
  const waiting = await before.send('waits', 1);
  const lease = (await before.post('/api/inbox/lease', { lease_limit: 2 })).json;
  const [acked] = lease.data.map((message: { id: string }) => message.id);
  await before.post('/api/inbox/ack', { event_ids: [acked] });
  await receiver.waitFor(6);
  const text = await eventually(async () => {
    const answer = await before.get('/api/deliveries?status=delivered');
    assert.equal(answer.json.data.length, 6);
    return answer.text;
  });
  const event = (await before.get(`/api/events/${ids[0]}`)).text;

  const cluster = await Cluster.start(context);
  const busy = await ServiceProcess.run({ ...cluster.env, DATA_DIR: dataDir }, ['migrate-data']);
  assert.equal(busy.code, 1, 'not while a service runs on the folder');
  await embedded.stop();
  const env = { ...cluster.env, SECRETS_KEY: Buffer.alloc(32, 9).toString('base64') };
  const moved = await ServiceProcess.run(env, ['migrate-data', '--data-dir', dataDir]);
  assert.equal(moved.code, 0, moved.output);
  const again = await ServiceProcess.run(env, ['migrate-data', '--data-dir', dataDir]);
  assert.match(again.output, /^0 rows of .* were copied, \d+ existed already/m);

  const otherKey = { ...env, SECRETS_KEY: Buffer.alloc(32, 8).toString('base64') };
  for (const other of [cluster.env, otherKey]) {
    const refused = await ServiceProcess.run(other, ['serve']);
    assert.equal(refused.code, 1);
    assert.match(
      refused.output,
      /^Secrets in the database are encrypted with a key \([0-9a-f]{8}\) that is not in SECRETS_KEY/m,
    );
  }

  const client = cluster.client(await cluster.run('serve', { SECRETS_KEY: env.SECRETS_KEY }));
  assert.equal((await client.get('/api/webhook/config')).json.secret, config.secret);
  assert.equal((await client.get(`/api/events/${ids[0]}`)).text, event);
  assert.equal((await client.get('/api/deliveries?status=delivered')).text, text);
  assert.equal((await client.get('/api/webhook/config')).json.id, config.id);
  const [delivery] = (await client.get(`/api/deliveries?event_id=${ids[0]}&status=delivered`)).json.data;
  assert.equal((await client.get(`/api/deliveries/${delivery.id}`)).json.attempts.length, 1);
  const repeated = await client.post('/api/events', { type: 'x', data: 1, dedup_id: 'żółć-3' });
  assert.deepEqual([repeated.status, repeated.json.id], [200, ids[3]]);
  for (const [status, count] of [
    ['acked', 1],
    ['leased', 1],
    ['available', 4],
  ]) {
    assert.equal((await client.get(`/api/inbox?status=${status}`)).json.data.length, count, String(status));
  }
  // What waited there is delivered from here.
  await client.call('PATCH', `/api/endpoints/${paused.id}`, { body: { enabled: true } });
  await eventually(() => {
    const later = receiver.requests.filter(({ path }) => path === '/later').map(({ headers }) => headers['webhook-id']);
    assert.deepEqual(later, [waiting]);
  });
});
