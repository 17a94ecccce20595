import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Role } from '../../src/app/settings/roles.ts';
import { Cluster } from '../support/cluster.ts';
import { Oracle } from '../support/oracle.ts';
import { randomFrom } from '../support/random.ts';
import { Receiver } from '../support/receiver.ts';
import { type Client, eventually } from '../support/service.ts';
import type { ServiceProcess } from '../support/service-process.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

/** `CRASH_ROUNDS=600 npm test -- test/faults/distributed.test.ts` for the long form. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 6);
const SEED = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const CLIENTS = 4;

interface Scene {
  readonly cluster: Cluster;
  readonly receiver: Receiver;
  readonly api: ServiceProcess;
  readonly client: Client;
  readonly oracle: Oracle;
}

/** A cluster with one process of each role, an endpoint that wants everything, and clients that are not started yet. */
async function scene(context: TestContext, options: Parameters<typeof Cluster.start>[1] = {}): Promise<Scene> {
  const receiver = await Receiver.start();
  context.after(() => receiver.stop());
  const cluster = await Cluster.start(context, options);
  const api = await cluster.run('api');
  await Promise.all([cluster.run('worker'), cluster.run('deliverer')]);
  const client = cluster.client(api);
  const { status } = await client.post('/api/webhook/config', { webhook_url: receiver.url });
  assert.equal(status, 200);
  return {
    cluster,
    receiver,
    api,
    client,
    oracle: new Oracle({ name: String(SEED), client: () => client, pauseMs: 5 }),
  };
}

// Each has a cluster of its own, and waits for leases, pauses and time-outs most of the time: some side by side.
describe('faults of a cluster', { concurrency: 3 }, () => {
  test(`a process of any role killed at random ${ROUNDS} times under load: nothing is lost, nothing stored twice (seed ${SEED})`, async (context) => {
    const { cluster, receiver, client, oracle, api } = await scene(context);
    const random = randomFrom(SEED);
    oracle.start(CLIENTS);
    const roles: Role[] = ['api', 'worker', 'deliverer'];
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(100 + random() * 400);
      const role = roles[Math.floor(random() * roles.length)] ?? 'worker';
      const victim = cluster.processes.findLast((one) => one.role === role);
      await victim?.process.stop('SIGKILL');
      await cluster.run(role, role === 'api' ? { PORT: new URL(api.url).port } : {});
    }
    await oracle.stop();
    const { events, sentAgain } = await oracle.check({ client, receiver });
    context.diagnostic(`${events} events, ${sentAgain} sent more than once`);
    await eventually(async () => assert.equal(await cluster.redis.command('XLEN', cluster.key('events')), 0));
    await eventually(async () =>
      assert.equal(await cluster.redis.command('XLEN', cluster.key('webhook-deliveries')), 0),
    );
  });

  test('a deliverer and a worker that stood still for longer than their leases change nothing when they go on', async (context) => {
    const { cluster, receiver, client } = await scene(context);
    let hold = true;
    const held: (() => void)[] = [];
    receiver.answer = (_received, response) => {
      const answer = () => void response.writeHead(hold ? 500 : 204).end();
      if (hold) held.push(answer);
      else answer();
    };
    await client.call('PATCH', '/api/webhook/config', { body: { timeout_seconds: 1 } });
    const endpoints = (await client.get('/api/endpoints')).json.data;
    assert.equal(endpoints.length, 1);
    await client.call('PATCH', `/api/endpoints/${endpoints[0].id}`, { body: { timeout_seconds: 1 } });
    const id = await client.send('zombie', 1);
    await receiver.waitFor(1);
    const zombies = cluster.processes.filter(({ role }) => role !== 'api');
    for (const { process } of zombies) process.kill('SIGSTOP');
    // The lease of the first attempt stays short; the second has all the time that a loaded machine may need.
    await client.call('PATCH', `/api/endpoints/${endpoints[0].id}`, { body: { timeout_seconds: 20 } });
    hold = false;
    await Promise.all([cluster.run('worker'), cluster.run('deliverer')]);
    // The lease ends 5 s after the endpoint's time-out.
    await receiver.waitFor(2);
    const delivered = async () => (await client.get(`/api/deliveries?event_id=${id}`)).json.data[0];
    await eventually(async () => assert.equal((await delivered()).status, 'delivered'));
    for (const answer of held) answer();
    for (const { process } of zombies) process.kill('SIGCONT');
    await sleep(2_000);
    const delivery = (await client.get(`/api/deliveries/${(await delivered()).id}`)).json;
    assert.equal(delivery.status, 'delivered');
    assert.deepEqual(
      delivery.attempts.map(({ number, error }: { number: number; error: string | null }) => [number, error]),
      [
        [1, 'interrupted'],
        [2, null],
      ],
    );
    assert.deepEqual(
      receiver.requests.map(({ headers }) => [headers['webhook-id'], headers['x-attempt']]),
      [
        [id, '1'],
        [id, '2'],
      ],
    );
    // They are of use again.
    const more = await client.send('zombie', 2);
    await receiver.waitFor(3);
    assert.equal(receiver.requests[2]?.headers['webhook-id'], more);
  });

  test('Redis killed and started again with appendfsync always: 503 meanwhile, nothing lost, everybody goes on', async (context) => {
    const { cluster, receiver, client, oracle } = await scene(context, { redis: ['--appendfsync', 'always'] });
    oracle.start(CLIENTS);
    for (let round = 0; round < 3; round++) {
      await sleep(400);
      await cluster.redis.kill();
      await sleep(500);
      await cluster.redis.startAgain();
      await eventually(async () =>
        assert.equal((await client.post('/api/events', { type: 'a', data: 1 })).status, 202),
      );
    }
    await sleep(300);
    await oracle.stop();
    await oracle.check({ client, receiver });
  });

  test('Redis that stands still, its sockets open: answers within seconds, and everybody goes on', async (context) => {
    const { cluster, receiver, client, oracle } = await scene(context);
    oracle.start(CLIENTS);
    await sleep(300);
    cluster.redis.signal('SIGSTOP');
    // Twice: once what waited for it as it stopped, once what was sent since.
    await eventually(() => assert.ok(oracle.refused >= 2 * CLIENTS));
    await sleep(2_000);
    cluster.redis.signal('SIGCONT');
    await eventually(async () => assert.equal((await client.post('/api/events', { type: 'a', data: 1 })).status, 202));
    await oracle.stop();
    await oracle.check({ client, receiver, mayRepeat: true });
  });

  test('Redis flushed under load: what PostgreSQL has is delivered, and no 202 after it is lost', async (context) => {
    const { cluster, receiver, client } = await scene(context);
    receiver.answer = (_received, response) => void setTimeout(() => response.writeHead(204).end(), 50);
    const before = new Oracle({ name: `before-${SEED}`, client: () => client });
    before.start(CLIENTS);
    await sleep(1_000);
    await before.stop();
    // What was only in Redis may be lost by a flush: it waits until the workers have it.
    await eventually(async () => assert.equal(await cluster.redis.command('XLEN', cluster.key('events')), 0));
    await cluster.redis.command('FLUSHALL');
    const after = new Oracle({ name: `after-${SEED}`, client: () => client });
    after.start(CLIENTS);
    await sleep(1_000);
    await after.stop();
    for (const [dedupId, id] of before.answered) after.answered.set(dedupId, id);
    await after.check({ client, receiver, mayRepeat: true });
    // The marks are back: a dedup id of before the flush is known again.
    // Sent before they are, it would become a new event, and stay one.
    await eventually(async () =>
      assert.ok((await cluster.redis.command('GET', cluster.key('dedup-marks-complete'))) !== null),
    );
    const [dedupId, id] = [...before.answered][0] ?? [];
    await eventually(async () => {
      const answer = await client.post('/api/events', { type: 'again', data: 1, dedup_id: dedupId });
      assert.deepEqual([answer.status, answer.json.id], [200, id]);
    });
  });

  test('PostgreSQL killed and started again: known keys still get 202, unknown ones 503, and everything is stored once', async (context) => {
    const { cluster, receiver, client, oracle } = await scene(context, { postgres: [] });
    oracle.start(CLIENTS);
    await sleep(500);
    await cluster.postgres?.kill('SIGKILL');
    await sleep(1_500);
    const during = await client.post('/api/events', { type: 'during', data: 1 });
    assert.equal(during.status, 202, 'acceptance does not need PostgreSQL');
    const unknown = await client.post('/api/events', { type: 'x', data: 1 }, { key: 'tr_never_seen' });
    assert.equal(unknown.status, 503, 'that the key is wrong is not known');
    assert.equal((await client.get('/api/events')).status, 503);
    await cluster.postgres?.startAgain();
    await oracle.stop();
    const { events } = await oracle.check({ client, receiver });
    assert.ok(events > oracle.answered.size, 'the one that was sent meanwhile is there too');
  });

  test('PostgreSQL that stands still, and a worker killed with what it had read: acceptance stays fast, nothing is lost', async (context) => {
    let proxy: TcpProxy | undefined;
    const { cluster, receiver, client, oracle } = await scene(context, {
      through: async ({ redisUrl, databaseUrl }) => {
        const url = new URL(databaseUrl);
        proxy = await TcpProxy.start({ host: url.hostname, port: Number(url.port) });
        url.port = String(proxy.port);
        return { redisUrl, databaseUrl: url.href };
      },
    });
    context.after(() => proxy?.stop());
    await client.send('before', 1);
    proxy?.stall();
    oracle.start(CLIENTS);
    await sleep(5_000);
    // Accepted while PostgreSQL stands still, so without it.
    await eventually(async () => {
      assert.ok(Number(await cluster.redis.command('XLEN', cluster.key('events'))) > 100);
    });
    // It has read some and can't record them: they are acknowledged by nobody, and another's in time.
    const worker = cluster.processes.find(({ role }) => role === 'worker');
    await worker?.process.stop('SIGKILL');
    proxy?.goOn();
    await cluster.run('worker');
    await oracle.stop();
    await oracle.check({ client, receiver });
  });

  test('connections to both servers cut in the middle of answers: nothing is lost, nothing stored twice', async (context) => {
    const proxies: TcpProxy[] = [];
    const random = randomFrom(SEED);
    const { receiver, client, oracle } = await scene(context, {
      through: async ({ redisUrl, databaseUrl }) => {
        const urls = [];
        for (const server of [redisUrl, databaseUrl]) {
          const url = new URL(server);
          const proxy = await TcpProxy.start({ host: url.hostname, port: Number(url.port) });
          proxies.push(proxy);
          url.port = String(proxy.port);
          urls.push(url.href);
        }
        return { redisUrl: urls[0] ?? '', databaseUrl: urls[1] ?? '' };
      },
    });
    context.after(async () => {
      await Promise.all(proxies.map((proxy) => proxy.stop()));
    });
    for (const proxy of proxies) proxy.cutAfterBytes = () => 2_000 + random() * 60_000;
    oracle.start(CLIENTS);
    for (let round = 0; round < 8; round++) {
      await sleep(300);
      proxies[round % 2]?.cutAll();
    }
    for (const proxy of proxies) proxy.cutAfterBytes = undefined;
    await oracle.stop();
    await oracle.check({ client, receiver });
  });

  test('an entry that PostgreSQL will never take is put aside alone, and its batch goes on', async (context) => {
    const { cluster, receiver, client } = await scene(context);
    const { redis } = cluster;
    const worker = cluster.processes.find(({ role }) => role === 'worker')?.process;
    worker?.kill('SIGSTOP');
    const ids = [];
    for (let n = 0; n < 20; n++) {
      ids.push(await client.send('batch', n));
      if (n === 7) await redis.command('XADD', cluster.key('events'), '*', 'id', 'not an id', 'data', '{}');
      if (n === 12) await redis.command('XADD', cluster.key('events'), '*', 'hello', 'world');
    }
    worker?.kill('SIGCONT');
    await receiver.waitFor(20);
    assert.deepEqual(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])), new Set(ids));
    await eventually(async () => assert.equal(await redis.command('XLEN', cluster.key('events:dead')), 2));
    await eventually(async () => assert.equal(await redis.command('XLEN', cluster.key('events')), 0));
  });
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
