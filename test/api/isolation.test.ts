import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

describe('what is another organization’s', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let theirs: Record<'event' | 'endpoint' | 'delivery' | 'job' | 'key' | 'lease', string>;
  let stranger: string;
  let receiver: Receiver;

  before(async () => {
    service = await startTestService(cleanup);
    receiver = await Receiver.start((_got, response) => void response.writeHead(500).end());
    cleanup.after(() => receiver.stop());
    const made = await service.post('/api/keys/generate', { organization_name: 'Stranger', tier: 'unlimited' });
    stranger = made.json.api_key;
    const endpoint = (await service.post('/api/endpoints', { url: receiver.url, max_attempts: 1 })).json.id;
    const event = await service.send('secret', { a: 1 }, { dedup_id: 'd' });
    const delivery = await eventually(async () => {
      const [found] = (await service.get(`/api/deliveries?event_id=${event}&status=failed`)).json.data;
      assert.ok(found);
      return found.id;
    });
    const job = (await service.post('/api/deliveries/retry', { status: 'canceled' })).json.job_id;
    const key = (await service.post('/api/keys', { name: 'other' })).json.key_id;
    await service.post('/api/inboxes', { name: 'theirs' });
    const lease = (await service.post('/api/inbox/lease', { lease_seconds: 600 })).json.lease_id;
    theirs = { event, endpoint, delivery, job, key, lease };
  });

  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await service.call(method, path, { key: stranger, ...(body === undefined ? {} : { body }) });
    const { request_id: _, ...rest } = answer.text === '' ? {} : (answer.json as Record<string, unknown>);
    return { status: answer.status, rest };
  };

  for (const [method, path, kind, body] of [
    ['GET', '/api/events/:id', 'event'],
    ['DELETE', '/api/events/:id', 'event'],
    ['GET', '/api/events/:id/trace', 'event'],
    ['POST', '/api/events/:id/replay', 'event', {}],
    ['POST', '/api/ack/:id', 'event'],
    ['GET', '/api/endpoints/:id', 'endpoint'],
    ['PATCH', '/api/endpoints/:id', 'endpoint', { description: 'mine' }],
    ['DELETE', '/api/endpoints/:id', 'endpoint'],
    ['GET', '/api/endpoints/:id/secret', 'endpoint'],
    ['POST', '/api/endpoints/:id/rotate-secret', 'endpoint', {}],
    ['POST', '/api/endpoints/:id/test', 'endpoint', {}],
    ['POST', '/api/endpoints/:id/recover', 'endpoint', { since: '2026-01-01T00:00:00Z' }],
    ['POST', '/api/endpoints/:id/match-preview', 'endpoint', {}],
    ['GET', '/api/subscriptions/:id', 'endpoint'],
    ['GET', '/api/deliveries/:id', 'delivery'],
    ['POST', '/api/deliveries/:id/retry', 'delivery'],
    ['POST', '/api/deliveries/:id/cancel', 'delivery'],
    ['GET', '/api/jobs/:id', 'job'],
    ['POST', '/api/jobs/:id/cancel', 'job'],
    ['DELETE', '/api/keys/:id', 'key'],
  ] as const) {
    test(`${method} ${path}: 404, as an id that never was`, async () => {
      const foreign = await call(method, path.replace(':id', theirs[kind]), body);
      const missing = await call(method, path.replace(':id', randomUUID()), body);
      const odd = await call(method, path.replace(':id', 'no-uuid'), body);
      assert.equal(foreign.status, 404);
      assert.deepEqual(foreign, missing);
      assert.deepEqual(odd, missing);
    });
  }

  test('lists, filters and names show nothing of it', async () => {
    for (const path of [
      '/api/events',
      '/api/events?type=secret',
      '/api/deliveries',
      `/api/deliveries?endpoint_id=${'ENDPOINT'}`,
      `/api/deliveries?event_id=${'EVENT'}`,
      '/api/endpoints',
      '/api/subscriptions',
      '/api/jobs',
      '/api/inbox?status=all',
    ]) {
      const asked = path.replace('ENDPOINT', theirs.endpoint).replace('EVENT', theirs.event);
      assert.deepEqual((await call('GET', asked)).rest['data'], [], asked);
    }
    assert.equal((await call('GET', '/api/inboxes/theirs')).status, 404);
    assert.equal((await call('DELETE', '/api/inboxes/theirs')).status, 404);
    assert.equal((await call('POST', '/api/inbox/lease', { inbox: 'theirs' })).status, 404);
  });

  test('a cursor of theirs is none', async () => {
    await service.send('secret', 2);
    const cursor = encodeURIComponent((await service.get('/api/events?limit=1')).json.next_cursor);
    assert.equal((await service.get(`/api/events?limit=1&cursor=${cursor}`)).status, 200);
    assert.equal((await call('GET', `/api/events?limit=1&cursor=${cursor}`)).status, 400);
  });

  test('their ids among one’s own change nothing of theirs', async () => {
    const own = (await service.call('POST', '/api/events', { key: stranger, body: { type: 'own', data: 1 } })).json.id;
    await eventually(async () => assert.equal((await call('GET', `/api/events/${own}`)).status, 200));
    const acked = await call('POST', '/api/inbox/ack', { event_ids: [own, theirs.event] });
    assert.deepEqual(acked.rest, { acknowledged: 1, not_found: [theirs.event], stale: [] });
    const held = await call('POST', '/api/inbox/ack', { event_ids: [theirs.event], lease_id: theirs.lease });
    assert.equal(held.rest['acknowledged'], 0);
    assert.deepEqual((await call('POST', '/api/inbox/release', { lease_id: theirs.lease })).rest, {
      released: 0,
      stale: [],
    });
    assert.equal((await call('POST', `/api/events/${own}/replay`, { endpoint_ids: [theirs.endpoint] })).status, 404);
    assert.equal((await call('POST', '/api/events/replay', { endpoint_ids: [theirs.endpoint] })).status, 404);
    const before = receiver.requests.length;
    assert.equal((await service.get(`/api/endpoints/${theirs.endpoint}`)).json.description, '');
    assert.equal((await service.get(`/api/inbox?status=leased`)).json.data.length, 1);
    assert.equal(receiver.requests.length, before);
  });

  test('their dedup ids are not mine', async () => {
    const mine = await call('POST', '/api/events', { type: 'secret', data: 1, dedup_id: 'd' });
    assert.equal(mine.status, 202);
  });
});
