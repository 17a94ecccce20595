import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { ApiError, NetworkError, TriggersClient } from '../../packages/client/src/index.ts';
import { Receiver } from '../support/receiver.ts';
import { startTestService, suiteCleanup, type TestService } from '../support/service.ts';
import { UnreliableProxy } from './unreliable-proxy.ts';

const KEY = 'test-api-key-change-in-prod';

describe('the client', () => {
  let service: TestService;
  let proxy: UnreliableProxy;
  let client: TriggersClient;
  const cleanup = suiteCleanup();
  before(async () => {
    service = await startTestService(cleanup);
    proxy = await UnreliableProxy.start(service.url);
    cleanup.after(() => proxy.stop());
    client = new TriggersClient({ url: proxy.url, apiKey: KEY });
  });

  async function all<Each>(rows: AsyncIterable<Each>): Promise<Each[]> {
    const found: Each[] = [];
    for await (const row of rows) found.push(row);
    return found;
  }

  test('an answer that is lost does not make a second event', async () => {
    proxy.troubles.push('lose_answer', 'lose_answer');
    const sent = await client.send({ type: 'client.lost', data: { n: 1 } });
    assert.equal(sent.status, 'accepted');
    const stored = await all(client.events.list({ type: 'client.lost' }));
    assert.deepEqual(
      stored.map(({ id }) => id),
      [sent.id],
    );
  });

  test('429 and 503 are tried again, and not before the service asked to', async () => {
    proxy.troubles.push({ status: 429, retryAfter: '1' }, { status: 503 });
    const first = proxy.requests.length;
    const sent = await client.send({ type: 'client.busy', data: 1 });
    assert.equal(sent.status, 'accepted');
    const [refused, second] = proxy.requests.slice(first);
    assert.ok((second?.at ?? 0) - (refused?.at ?? 0) >= 990);
  });

  test('a redirect is not followed: neither the key nor an event leaves for another host', async () => {
    const thief = await Receiver.start();
    cleanup.after(() => thief.stop());
    let asked = 0;
    const bent = await Receiver.start((_received, response) => {
      asked++;
      response.writeHead(307, { location: `${thief.url}/api/events` }).end();
    });
    cleanup.after(() => bent.stop());
    const led = new TriggersClient({ url: bent.url, apiKey: KEY });
    const refused = { name: 'NetworkError', code: 'redirect', message: /answered with a redirect/ };
    await assert.rejects(led.send({ type: 'a', data: 'canary', dedup_id: '1' }), refused);
    await assert.rejects(led.events.get('x'), refused);
    await assert.rejects(led.stream({}).next(), refused);
    assert.equal(asked, 3, 'and nothing is tried again');
    assert.equal(thief.requests.length, 0);
  });

  test('what no waiting mends is an error with the code of the service', async () => {
    const first = proxy.requests.length;
    await assert.rejects(client.send({ type: 'not a type', data: 1 }), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.status, error.code, error.errors[0]?.path], [422, 'invalid_request', 'type']);
      assert.ok(error.requestId);
      return true;
    });
    assert.equal(proxy.requests.length, first + 1);
    const stranger = new TriggersClient({ url: proxy.url, apiKey: 'nobody' });
    await assert.rejects(stranger.events.get('x'), { code: 'invalid_api_key' });
    const nowhere = new TriggersClient({ url: 'http://127.0.0.1:9', apiKey: KEY, maxTries: 1 });
    await assert.rejects(nowhere.send({ type: 'a', data: 1 }), NetworkError);
  });

  test('raw data keeps every digit', async () => {
    const { id } = await client.send({ type: 'client.raw', rawData: '{"n": 12345678901234567890,\n "x": 1e400}' });
    const { text } = await service.get(`/api/events/${id}`);
    assert.match(text, /"data":\{"n": 12345678901234567890, {1,2}"x": 1e400\}/);
  });

  test('batches: any number, results in order, a lost answer doubles nothing', async () => {
    const events = Array.from({ length: 2_300 }, (_, n) =>
      n === 1_500 ? { type: 'not a type', data: n } : { type: 'client.batch', data: n },
    );
    proxy.troubles.push('lose_answer');
    const results = await client.sendBatch(events);
    assert.equal(results.length, events.length);
    results.forEach(({ index, status }, n) => {
      assert.deepEqual([index, status], [n, n === 1_500 ? 'rejected' : 'accepted']);
    });
    const stored = await all(client.events.list({ type: 'client.batch', limit: 1_000 }));
    assert.equal(stored.length, 2_299);
    const last = stored[0];
    assert.deepEqual([last?.id, last?.data], [(results.at(-1) as { id: string }).id, 2_299]);
  });

  test('quarantined events are requeued, by their ids or by what they are', async () => {
    const inbox = 'aside';
    await service.post('/api/inboxes', { name: inbox, event_types: ['client.aside.*'], max_leases: 1 });
    const ids: string[] = [];
    for (const n of [1, 2, 3]) ids.push(await service.send(`client.aside.${n}`, n));
    const { lease_id } = (await service.post('/api/inbox/lease', { inbox })).json;
    await service.post('/api/inbox/release', { inbox, lease_id });
    const quarantined = async () =>
      (await all(client.inbox.list({ inbox, status: 'quarantined' }))).map(({ id }) => id);
    assert.deepEqual(await quarantined(), ids);
    assert.equal(await client.inbox.requeue({ inbox, eventIds: ids.slice(0, 1) }), 1);
    assert.equal(await client.inbox.requeue({ inbox, eventTypes: ['*.*.3'], to: '2100-01-01T00:00:00Z' }), 1);
    assert.deepEqual(await quarantined(), ids.slice(1, 2));
    assert.equal(await client.inbox.requeue({ inbox }), 1);
    assert.deepEqual(await quarantined(), []);
  });

  test('an inbox is worked through: done is acknowledged, what failed comes again, an end gives back', async () => {
    await service.post('/api/inboxes', { name: 'work', event_types: ['client.work'] });
    for (const n of [1, 2, 3]) await client.send({ type: 'client.work', data: n });
    const seen: unknown[] = [];
    const failures: unknown[] = [];
    const stop = new AbortController();
    await client.inbox.consume(
      ({ data }) => {
        seen.push(data);
        if (data === 2 && failures.length === 0) throw new Error('not today');
        if (seen.length === 4) stop.abort();
      },
      { inbox: 'work', signal: stop.signal, retryDelaySeconds: 0, onError: (error) => failures.push(error) },
    );
    assert.deepEqual(seen.toSorted(), [1, 2, 2, 3]);
    assert.equal(failures.length, 1);
    assert.deepEqual(await all(client.inbox.list({ inbox: 'work', status: 'leased' })), []);
    assert.equal((await all(client.inbox.list({ inbox: 'work', status: 'acked' }))).length, 3);
  });

  test('a loop over messages that is left gives back the one it was left at', async () => {
    await service.post('/api/inboxes', { name: 'loop', event_types: ['client.loop'] });
    for (const n of [1, 2, 3]) await client.send({ type: 'client.loop', data: n });
    for await (const { data } of client.inbox.messages({ inbox: 'loop' })) if (data === 2) break;
    const left = await all(client.inbox.list({ inbox: 'loop' }));
    assert.deepEqual(
      left.map(({ data }) => data),
      [2, 3],
    );
  });

  test('a lease is renewed while its handler works', async () => {
    await service.post('/api/inboxes', { name: 'slow', event_types: ['client.slow'] });
    await client.send({ type: 'client.slow', data: 1 });
    let calls = 0;
    const stop = new AbortController();
    await client.inbox.consume(
      async () => {
        calls++;
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        stop.abort();
      },
      { inbox: 'slow', leaseSeconds: 2, signal: stop.signal },
    );
    assert.equal(calls, 1);
    assert.equal((await all(client.inbox.list({ inbox: 'slow', status: 'acked' }))).length, 1);
  });

  test('a stream goes on where it was cut', async () => {
    const stop = new AbortController();
    const seen: unknown[] = [];
    const watching = (async () => {
      for await (const message of client.stream({ types: ['client.live'], kinds: ['event'], signal: stop.signal })) {
        if (message.kind !== 'event') continue;
        seen.push(message.data.data);
        if (message.data.data === 1) proxy.cut();
        if (message.data.data === 5) stop.abort();
      }
    })();
    // Until it is open, what comes is not shown.
    while (seen.length === 0) {
      await service.send('client.live', 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const n of [2, 3, 4, 5]) await service.send('client.live', n);
    await watching;
    assert.deepEqual(
      seen.filter((n) => n !== 1),
      [2, 3, 4, 5],
    );
  });

  test('endpoints, deliveries and keys', async () => {
    const endpoint = await client.endpoints.create({ url: 'http://127.0.0.1:9/', event_types: ['client.none'] });
    assert.equal((await client.endpoints.secret(endpoint.id)).secret, endpoint.secret);
    assert.equal((await client.endpoints.update(endpoint.id, { enabled: false })).status, 'paused');
    assert.ok((await all(client.endpoints.list())).some(({ id }) => id === endpoint.id));
    await client.endpoints.delete(endpoint.id);
    await assert.rejects(client.endpoints.get(endpoint.id), { code: 'not_found' });
    const key = await client.keys.create('made by the client');
    assert.ok((await all(client.keys.list())).some(({ id }) => id === key.key_id));
    await client.keys.revoke(key.key_id);
  });
});
