import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.ts';
import { HANG_MS } from '../support/hang.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually } from '../support/service.ts';

test('an order holds over two apis, two workers and two deliverers, one of each killed on the way', async (context) => {
  const cluster = await Cluster.start(context, { env: { WEBHOOK_TIMEOUT: '1' } });
  const [api, other] = [await cluster.run('api'), await cluster.run('api')];
  const [worker] = [await cluster.run('worker'), await cluster.run('worker')];
  const [deliverer] = [await cluster.run('deliverer'), await cluster.run('deliverer')];
  const receiver = await Receiver.start((got, response) => {
    const attempt = Number(got.headers['x-attempt']);
    response.writeHead(Math.random() < 0.05 && attempt === 1 ? 500 : 200).end();
  });
  context.after(() => receiver.stop());
  const [client, second] = [cluster.client(api), cluster.client(other)];
  const body = { url: receiver.url, ordered: 'by_key', timeout_seconds: 1, retry_schedule: ['100ms'] };
  const created = await client.post('/api/endpoints', body);
  assert.equal(created.status, 201, created.text);
  const KEYS = ['a', 'b', 'c'];
  const COUNT = 120;
  for (let n = 0; n < COUNT; n++) {
    // Each is accepted before the next is sent, by one api or the other.
    const ordering_key = KEYS[n % KEYS.length];
    const sent = await (n % 2 === 0 ? client : second).post('/api/events', { type: 'o', data: n, ordering_key });
    assert.equal(sent.status, 202, sent.text);
    if (n === COUNT / 3) await worker?.stop('SIGKILL');
    if (n === COUNT / 2) await deliverer?.stop('SIGKILL');
  }
  await eventually(() => {
    const arrived = new Set(receiver.requests.map(({ headers }) => headers['webhook-id']));
    assert.equal(arrived.size, COUNT);
  }, 4 * HANG_MS);
  for (const [at, key] of KEYS.entries()) {
    const numbers = receiver.requests
      .map(({ body: text }) => Number(JSON.parse(text.toString()).data))
      .filter((n) => n % KEYS.length === at);
    // One that was tried again comes again; nothing comes before what was accepted before it.
    const sorted = [...numbers].sort((a, b) => a - b);
    assert.deepEqual(numbers, sorted, key);
  }
});
