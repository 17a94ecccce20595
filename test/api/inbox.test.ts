import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

describe('inbox', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  const lease = async (body: object = {}) => {
    const answer = await service.post('/api/inbox/lease', body);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };
  const available = async () => (await service.get('/api/inbox?limit=1000')).json.data as { id: string }[];
  const drain = async () => {
    const { lease_id } = await lease({ lease_limit: 1000 });
    if (lease_id !== null) await service.post('/api/inbox/ack', { lease_id });
  };

  test('an event is looked at, leased, acknowledged, and gone', async () => {
    await drain();
    const first = await service.send('in.one', { n: 1 });
    const second = await service.send('in.two', { n: 2 });
    assert.deepEqual(
      (await available()).map(({ id }) => id),
      [first, second],
      'oldest first',
    );
    const leased = await lease({ lease_limit: 1 });
    assert.equal(leased.data.length, 1);
    assert.equal(leased.data[0].id, first);
    assert.equal(leased.data[0].lease_count, 1);
    assert.deepEqual(leased.data[0].data, { n: 1 });
    assert.ok(Date.parse(leased.leased_until) > Date.now() + 290_000);
    assert.deepEqual(
      (await available()).map(({ id }) => id),
      [second],
    );
    const acked = await service.post('/api/inbox/ack', { lease_id: leased.lease_id, event_ids: [first] });
    assert.deepEqual(acked.json, { acknowledged: 1, not_found: [], stale: [] });
    const again = await service.post('/api/inbox/ack', { event_ids: [first] });
    assert.deepEqual(again.json, { acknowledged: 1, not_found: [], stale: [] });
    assert.equal((await service.post(`/api/ack/${second}`)).status, 200);
    assert.equal((await service.post('/api/ack/0190c0de-0000-7000-8000-000000000000')).status, 404);
    assert.equal((await service.post('/api/ack/nonsense')).status, 404);
    assert.deepEqual(await available(), []);
    assert.deepEqual(await lease(), { lease_id: null, leased_until: null, data: [] });
  });

  test('released messages come again, with their count; a lost lease is stale', async () => {
    await drain();
    const id = await service.send('in.release', 1);
    const first = await lease();
    assert.deepEqual((await service.post('/api/inbox/release', { lease_id: first.lease_id })).json, {
      released: 1,
      stale: [],
    });
    const second = await lease();
    assert.equal(second.data[0].lease_count, 2);
    const late = await service.post('/api/inbox/ack', { lease_id: first.lease_id, event_ids: [id] });
    assert.deepEqual(late.json, { acknowledged: 0, not_found: [], stale: [id] });
    const extended = await service.post('/api/inbox/extend', { lease_id: second.lease_id, lease_seconds: 600 });
    assert.deepEqual(extended.json, { extended: 1, stale: [] });
    assert.deepEqual((await service.post('/api/inbox/ack', { lease_id: second.lease_id })).json.acknowledged, 1);
    assert.deepEqual((await service.post('/api/inbox/ack', { lease_id: first.lease_id })).json.acknowledged, 0);
  });

  test('after ten leases without an ack a message is quarantined, until it is requeued', async () => {
    await drain();
    const id = await service.send('in.poison', 1);
    for (let i = 0; i < 10; i++) {
      const { lease_id, data } = await lease();
      assert.equal(data[0].lease_count, i + 1);
      await service.post('/api/inbox/release', { lease_id });
    }
    assert.deepEqual((await lease()).data, []);
    const quarantined = (await service.get('/api/inbox?status=quarantined')).json.data;
    assert.deepEqual(
      quarantined.map((message: { id: string }) => message.id),
      [id],
    );
    assert.deepEqual((await service.post('/api/inbox/requeue', { event_ids: [id] })).json, {
      requeued: 1,
      not_found: [],
      more: false,
      next_cursor: null,
    });
    assert.equal((await lease()).data[0].id, id);
  });

  test('waiting consumers get what comes, each its own, and nobody waits longer than asked', async () => {
    await drain();
    const startedAt = performance.now();
    const waiting = Array.from({ length: 20 }, () => lease({ wait_seconds: 20, lease_limit: 1 }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => service.send('in.wait', i)));
    const got = (await Promise.all(waiting)).map(({ data }) => data[0]?.id);
    assert.deepEqual([...got].sort(), [...ids].sort());
    assert.ok(performance.now() - startedAt < 20_000);
    const emptyAt = performance.now();
    assert.deepEqual((await lease({ wait_seconds: 0.3 })).data, []);
    assert.ok(performance.now() - emptyAt >= 290);
  });

  test('a consumer that went away while it waited holds nothing', async () => {
    await drain();
    const controller = new AbortController();
    const gone = fetch(`${service.url}/api/inbox/lease`, {
      method: 'POST',
      headers: { 'x-api-key': service.key, 'content-type': 'application/json' },
      body: '{"wait_seconds":5}',
      signal: controller.signal,
    }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    controller.abort();
    await gone;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const id = await service.send('in.gone', 1);
    assert.deepEqual(
      (await available()).map((message) => message.id),
      [id],
    );
  });

  test('a lease whose answer was cut is given back at once, and counts for nothing', async () => {
    await service.post('/api/inboxes', { name: 'cut', event_types: ['in.cut'] });
    // More than the kernel takes from us, and with this one client that reads nothing it stays here.
    const data = 'x'.repeat(250_000);
    for (let i = 0; i < 32; i++) await service.send('in.cut', data);
    const body = '{"inbox":"cut","lease_limit":1000,"lease_seconds":43200}';
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    socket.write(
      `POST /api/inbox/lease HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${service.key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await once(socket, 'readable');
    assert.match(String(socket.read(100)), /^HTTP\/1.1 200 /);
    socket.destroy();
    await eventually(async () => {
      assert.deepEqual((await service.get('/api/inbox?inbox=cut&status=leased')).json.data, []);
      const [first] = (await service.get('/api/inbox?inbox=cut&limit=1')).json.data;
      assert.equal(first?.lease_count, 0);
    });
  });

  test('who manages sees which lease holds an event, and ends it', async () => {
    await service.post('/api/inboxes', { name: 'held' });
    const inbox = 'held';
    const [held, free] = [await service.send('in.held', 1), await service.send('in.free', 2)];
    const keyOf = async (scope: string) =>
      (await service.post('/api/keys', { name: scope, scopes: [scope] })).json.api_key as string;
    const [manage, consume] = [await keyOf('manage'), await keyOf('consume')];
    const leased = await service.post(
      '/api/inbox/lease',
      { inbox, lease_limit: 1, lease_seconds: 43_200 },
      { key: consume },
    );
    const { lease_id, leased_until } = leased.json;
    assert.ok(leased.json.data.every((message: object) => !('lease_id' in message)));
    for (const status of ['leased', 'all']) {
      const path = `/api/inbox?inbox=held&status=${status}`;
      assert.ok(!(await service.get(path, { key: consume })).text.includes('lease_id'));
      const { data } = (await service.get(path, { key: manage })).json;
      const message = data.find(({ id }: { id: string }) => id === held);
      assert.deepEqual([message.status, message.lease_count], ['leased', 1]);
      assert.deepEqual([message.lease_id, message.leased_until], [lease_id, leased_until]);
    }
    const [other] = (await service.get('/api/inbox?inbox=held', { key: manage })).json.data;
    assert.deepEqual([other.id, other.lease_id, other.leased_until], [free, null, null]);
    const ended = await service.post('/api/inbox/release', { inbox, lease_id }, { key: manage });
    assert.deepEqual(ended.json, { released: 1, stale: [] });
    assert.equal((await lease({ inbox, lease_limit: 1 })).data[0].id, held);
  });

  test('a lease can be narrowed by type, and loses nothing it passes over', async () => {
    await drain();
    const other = await service.send('other.a', 1);
    const wanted = await service.send('wanted.a', 2);
    const narrowed = await lease({ event_types: ['wanted.*'] });
    assert.deepEqual(
      narrowed.data.map(({ id }: { id: string }) => id),
      [wanted],
    );
    assert.deepEqual(
      (await lease()).data.map(({ id }: { id: string }) => id),
      [other],
    );
  });

  const wrong: [string, string, object][] = [
    ['lease', 'lease_limit', { lease_limit: 0 }],
    ['lease', 'lease_limit', { lease_limit: 1_001 }],
    ['lease', 'lease_seconds', { lease_seconds: 0 }],
    ['lease', 'lease_seconds', { lease_seconds: 43_201 }],
    ['lease', 'wait_seconds', { wait_seconds: 21 }],
    ['lease', 'event_types.0', { event_types: ['a b'] }],
    ['lease', 'what', { what: 1 }],
    ['ack', 'event_ids', {}],
    ['ack', 'event_ids', { event_ids: Array.from({ length: 1_001 }, () => 'x') }],
    ['release', 'lease_id', {}],
    ['release', 'delay_seconds', { lease_id: 'x', delay_seconds: -1 }],
    ['extend', 'lease_seconds', { lease_id: 'x' }],
    ['requeue', 'event_ids', {}],
    ['requeue', 'event_ids', { all: false }],
    ['requeue', 'event_ids', { all: true, event_ids: ['x'] }],
    ['requeue', 'event_types', { event_ids: ['x'], event_types: ['a'] }],
    ['requeue', 'from', { event_ids: ['x'], from: '2026-01-01T00:00:00Z' }],
    ['requeue', 'to', { event_ids: ['x'], to: '2026-01-01T00:00:00Z' }],
    ['requeue', 'cursor', { event_ids: ['x'], cursor: 'x' }],
    ['requeue', 'event_types.0', { all: true, event_types: ['a b'] }],
    ['requeue', 'from', { all: true, from: '' }],
    ['requeue', 'from', { all: true, from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
  ];
  for (const [action, path, body] of wrong) {
    test(`422 for ${action}: ${path} in ${JSON.stringify(body).slice(0, 40)}`, async () => {
      const answer = await service.post(`/api/inbox/${action}`, body);
      assert.equal(answer.status, 422, answer.text);
      assert.ok(
        answer.json.errors.some((error: { path: string }) => error.path === path),
        answer.text,
      );
    });
  }

  test('404 for an inbox that is not there; ids that are none are not found', async () => {
    for (const name of ['other', '__proto__', 'a/b']) {
      assert.equal((await service.get(`/api/inbox?inbox=${encodeURIComponent(name)}`)).status, 404);
      assert.equal((await service.post('/api/inbox/lease', { inbox: name })).status, 404);
    }
    const acked = await service.post('/api/inbox/ack', { event_ids: ['nonsense'] });
    assert.deepEqual(acked.json, { acknowledged: 0, not_found: ['nonsense'], stale: [] });
    // What is no Unicode comes back as it was given, though no store could keep it.
    const strange = ['\ud800', '\0', 'x'.repeat(1_000), '\ud800'];
    for (const [path, told] of [
      ['ack', { acknowledged: 0, not_found: strange.slice(0, 3), stale: [] }],
      ['requeue', { requeued: 0, not_found: strange.slice(0, 3), more: false, next_cursor: null }],
      ['release', { released: 0, stale: strange.slice(0, 3) }],
      ['extend', { extended: 0, stale: strange.slice(0, 3) }],
    ] as const) {
      const lease = path === 'requeue' ? {} : { lease_id: 'x' };
      const until = path === 'extend' ? { lease_seconds: 1 } : {};
      const answer = await service.post(`/api/inbox/${path}`, { event_ids: strange, ...lease, ...until });
      assert.deepEqual(answer.json, told, path);
    }
  });
});
