import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { HANG_MS } from '../support/hang.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const FAST = { retry_schedule: ['100ms'], timeout_seconds: 20, max_attempts: 1 };

describe('sending again', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  async function endpoint(receiver: Receiver, more: object): Promise<string> {
    const created = await service.post('/api/endpoints', { url: receiver.url, ...FAST, ...more });
    assert.equal(created.status, 201, created.text);
    return created.json.id;
  }

  async function delivery(eventId: string, status: string) {
    return eventually(async () => {
      const [found] = (await service.get(`/api/deliveries?event_id=${eventId}`)).json.data;
      assert.equal(found?.status, status);
      return found;
    });
  }

  async function failing(context: { after(end: () => Promise<void>): void }) {
    let fails = true;
    const receiver = await Receiver.start((_got, response) => void response.writeHead(fails ? 500 : 200).end());
    context.after(() => receiver.stop());
    return { receiver, mend: () => (fails = false) };
  }

  async function jobDone(id: string) {
    return eventually(async () => {
      const job = (await service.get(`/api/jobs/${id}`)).json;
      assert.equal(job.status, 'done');
      return job;
    });
  }

  test('an event is there to read as soon as it was accepted', async () => {
    const sent = await service.post('/api/events', { type: 'early', data: 1 });
    assert.equal((await service.get(`/api/events/${sent.json.id}`)).status, 200);
  });

  test('a delivery retried by hand twice is sent twice, with the same webhook-id', async (context) => {
    const { receiver, mend } = await failing(context);
    await endpoint(receiver, { event_types: ['hand'] });
    const eventId = await service.send('hand', 1);
    const { id } = await delivery(eventId, 'failed');
    mend();
    for (const _ of [1, 2]) {
      const retried = await service.post(`/api/deliveries/${id}/retry`);
      assert.equal(retried.status, 202, retried.text);
    }
    const requests = await receiver.waitFor(3);
    assert.deepEqual(
      requests.map(({ headers }) => [headers['webhook-id'], headers['x-attempt']]),
      [1, 2, 3].map((attempt) => [eventId, String(attempt)]),
    );
    await delivery(eventId, 'delivered');
    assert.equal((await service.get(`/api/deliveries/${id}`)).json.attempts.length, 3);
  });

  test('a webhook of ours that comes in as a retry or a replay sends nothing', async () => {
    const headers = { 'x-triggers-hops': '1' };
    for (const path of [`deliveries/${randomUUID()}/retry`, `events/${randomUUID()}/replay`, 'deliveries/retry']) {
      const refused = await service.call('POST', `/api/${path}`, { body: {}, headers });
      assert.deepEqual([refused.status, refused.json.code], [422, 'loop_detected'], path);
    }
  });

  test('a retry of what is deleted, disabled or nobody’s', async (context) => {
    const { receiver } = await failing(context);
    const endpointId = await endpoint(receiver, { event_types: ['gone'] });
    const { id } = await delivery(await service.send('gone', 1), 'failed');
    assert.equal((await service.call('DELETE', `/api/endpoints/${endpointId}`)).status, 204);
    const refused = await service.post(`/api/deliveries/${id}/retry`);
    assert.equal(refused.status, 409);
    assert.equal(refused.json.code, 'conflict');
    for (const missing of [randomUUID(), 'x']) {
      assert.equal((await service.post(`/api/deliveries/${missing}/retry`)).status, 404);
      assert.equal((await service.post(`/api/deliveries/${missing}/cancel`)).status, 404);
    }
  });

  test('an event with a time of its own is delivered then, and can be canceled before', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    await endpoint(receiver, { event_types: ['timed'] });
    const soon = new Date(Date.now() + 700).toISOString();
    const timed = (await service.post('/api/events', { type: 'timed', data: 1, deliver_at: soon })).json;
    const far = new Date(Date.now() + 3_600_000).toISOString();
    const later = (await service.post('/api/events', { type: 'timed', data: 2, deliver_at: far })).json;
    const waiting = await delivery(later.id, 'pending');
    assert.equal(waiting.next_attempt_at, far);
    const canceled = await service.post(`/api/deliveries/${waiting.id}/cancel`);
    assert.equal(canceled.status, 200, canceled.text);
    assert.equal(canceled.json.status, 'canceled');
    assert.equal((await service.post(`/api/deliveries/${waiting.id}/cancel`)).status, 409);
    await receiver.waitFor(1);
    await delivery(timed.id, 'delivered');
    const [attempt] = (await service.get(`/api/deliveries/${(await delivery(timed.id, 'delivered')).id}`)).json
      .attempts;
    assert.ok(Date.parse(attempt.started_at) >= Date.parse(soon));
    assert.equal(receiver.requests.length, 1);
  });

  test('bulk retry: those that failed, of one endpoint and type, in the background', async (context) => {
    const { receiver, mend } = await failing(context);
    const endpointId = await endpoint(receiver, { event_types: ['bulk.*'] });
    const other = await endpoint(receiver, { event_types: ['bulk.*'] });
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push(await service.send(n < 3 ? 'bulk.a' : 'bulk.b', n));
    await receiver.waitFor(10);
    await eventually(async () => {
      const failed = (await service.get('/api/deliveries?status=failed&type=bulk.b')).json.data;
      assert.equal(failed.length, 4);
      assert.equal((await service.get('/api/deliveries?status=failed&type=bulk.a')).json.data.length, 6);
    });
    mend();
    const started = await service.post('/api/deliveries/retry', {
      status: 'failed',
      endpoint_id: endpointId,
      type: 'bulk.a',
    });
    assert.equal(started.status, 202, started.text);
    assert.equal(started.json.deliveries, 3);
    const job = await jobDone(started.json.job_id);
    assert.equal(job.deliveries, 3);
    await eventually(async () => {
      const delivered = (await service.get(`/api/deliveries?status=delivered&endpoint_id=${endpointId}`)).json.data;
      assert.equal(delivered.length, 3);
    });
    assert.equal((await service.get(`/api/deliveries?status=failed&endpoint_id=${other}`)).json.data.length, 5);
    assert.ok((await service.get('/api/jobs')).json.data.some(({ id }: { id: string }) => id === job.id));
    assert.equal((await service.post(`/api/jobs/${job.id}/cancel`)).status, 409);
  });

  test('bulk retry of what waits for its time sends it now; so does a changed URL', async (context) => {
    const { receiver, mend } = await failing(context);
    const late = { max_attempts: 5, retry_schedule: ['1h'] };
    const endpointId = await endpoint(receiver, { event_types: ['waits'], ...late });
    await service.send('waits', 1);
    await service.send('waits', 2, { deliver_at: new Date(Date.now() + 3_600_000).toISOString() });
    const waiting = async (status: string) =>
      (await service.get(`/api/deliveries?status=${status}&endpoint_id=${endpointId}`)).json.data.length;
    await eventually(async () => assert.deepEqual([await waiting('retrying'), await waiting('pending')], [1, 1]));
    mend();
    const query = { endpoint_id: endpointId };
    assert.equal((await service.post('/api/deliveries/retry', { status: 'retrying', ...query })).json.deliveries, 1);
    await eventually(async () => assert.equal(await waiting('delivered'), 1));
    assert.equal((await service.post('/api/deliveries/retry', { status: 'pending', ...query })).json.deliveries, 1);
    await eventually(async () => assert.equal(await waiting('delivered'), 2));

    const { receiver: dead } = await failing(context);
    const moved = await endpoint(dead, { event_types: ['moves'], ...late });
    await service.send('moves', 1);
    await eventually(async () => {
      const { data } = (await service.get(`/api/deliveries?status=retrying&endpoint_id=${moved}`)).json;
      assert.equal(data.length, 1);
    });
    await service.call('PATCH', `/api/endpoints/${moved}`, { body: { url: receiver.url } });
    await eventually(async () => {
      const { data } = (await service.get(`/api/deliveries?status=delivered&endpoint_id=${moved}`)).json;
      assert.equal(data.length, 1);
    });
  });

  test('recover: what failed or was skipped since a time, in its order', async (context) => {
    const { receiver, mend } = await failing(context);
    const endpointId = await endpoint(receiver, { event_types: ['rec'], ordered: true });
    await service.send('rec', 0);
    await receiver.waitFor(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const since = new Date().toISOString();
    for (let n = 1; n <= 4; n++) await delivery(await service.send('rec', n), 'failed');
    mend();
    const recovered = await service.post(`/api/endpoints/${endpointId}/recover`, { since });
    assert.equal(recovered.status, 202, recovered.text);
    assert.equal(recovered.json.deliveries, 4);
    await receiver.waitFor(9);
    const seen = receiver.requests.map(({ body }) => JSON.parse(body.toString()).data);
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 1, 2, 3, 4]);
    assert.equal((await service.post(`/api/endpoints/${endpointId}/recover`, { since: 'x' })).status, 422);
    assert.equal((await service.post(`/api/endpoints/${randomUUID()}/recover`, { since })).status, 404);
  });

  test('replay: an event once more, to those that want it or to those named, with a header that says so', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    await endpoint(receiver, { event_types: ['again'] });
    const eventId = await service.send('again', 7);
    await receiver.waitFor(1);
    const young = await Receiver.start();
    context.after(() => young.stop());
    const youngId = await endpoint(young, { event_types: ['never'] });
    const replayed = await service.post(`/api/events/${eventId}/replay`, {});
    assert.equal(replayed.status, 202, replayed.text);
    assert.equal(replayed.json.deliveries, 1);
    await receiver.waitFor(2);
    const named = await service.post(`/api/events/${eventId}/replay`, { endpoint_ids: [youngId, randomUUID()] });
    assert.equal(named.json.deliveries, 1);
    assert.equal(named.json.not_found.length, 1);
    const [got] = await young.waitFor(1);
    assert.equal(got?.headers['webhook-id'], eventId);
    assert.equal(got?.headers['x-replay'], 'true');
    assert.equal(receiver.requests[0]?.headers['x-replay'], undefined);
    assert.equal((await service.post(`/api/events/${eventId}/replay`, { endpoint_ids: [randomUUID()] })).status, 404);
    assert.equal((await service.post(`/api/events/${randomUUID()}/replay`, {})).status, 404);
  });

  test('bulk replay: counted first, then sent, events older than the endpoint included', async (context) => {
    for (let n = 0; n < 60; n++) await service.send(n % 2 === 0 ? 'old.even' : 'old.odd', n);
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const endpointId = await endpoint(receiver, { event_types: ['nothing'], ordered: true });
    const wanted = { endpoint_ids: [endpointId], type: 'old.even' };
    const counted = await service.post('/api/events/replay', { ...wanted, dry_run: true });
    assert.equal(counted.status, 200, counted.text);
    assert.deepEqual(counted.json, { events: 30, deliveries: 30, more: false });
    assert.equal(receiver.requests.length, 0);
    const started = await service.post('/api/events/replay', wanted);
    assert.equal(started.status, 202, started.text);
    assert.equal(started.json.deliveries, 30);
    await receiver.waitFor(30);
    const seen = receiver.requests.map(({ body }) => JSON.parse(body.toString()).data);
    assert.deepEqual(
      seen,
      Array.from({ length: 30 }, (_, n) => 2 * n),
    );
    assert.equal((await jobDone(started.json.job_id)).deliveries, 30);
    const none = await service.post('/api/events/replay', { ...wanted, status: 'failed', dry_run: true });
    assert.equal(none.json.events, 0);
    const unknown = await service.post('/api/events/replay', { ...wanted, endpoint_ids: [randomUUID()] });
    assert.equal(unknown.status, 404);
  });

  test('a job goes on after a restart', async (context) => {
    const { receiver, mend } = await failing(context);
    const own = await startTestService(context);
    // Few failures each, or the endpoint would rest.
    for (let n = 0; n < 50; n++) {
      await own.post('/api/endpoints', { url: receiver.url, ...FAST, event_types: [`many.${n}`] });
    }
    for (let n = 0; n < 250; n++) await own.post('/api/events', { type: `many.${n % 50}`, data: n });
    await eventually(async () => {
      assert.equal((await own.get('/api/deliveries?status=failed&limit=1000')).json.data.length, 250);
    }, 4 * HANG_MS);
    mend();
    const started = await own.post('/api/deliveries/retry', { status: 'failed', type: 'many.*' });
    assert.equal(started.json.deliveries, 250);
    await own.stop();
    const again = await startTestService(context, { DATA_DIR: own.dataDir });
    await eventually(async () => {
      assert.equal((await again.get('/api/deliveries?status=delivered&limit=1000')).json.data.length, 250);
    }, 4 * HANG_MS);
  });

  for (const [path, body] of [
    ['/api/deliveries/retry', {}],
    ['/api/deliveries/retry', { status: 'delivered' }],
    ['/api/deliveries/retry', { status: 'failed', from: 'yesterday' }],
    ['/api/deliveries/retry', { status: 'failed', type: '*a' }],
    ['/api/events/replay', {}],
    ['/api/events/replay', { endpoint_ids: [] }],
    ['/api/events/replay', { endpoint_ids: ['a'], more: 1 }],
  ] as const) {
    test(`422: ${path} ${JSON.stringify(body)}`, async () => {
      assert.equal((await service.post(path, body)).status, 422);
    });
  }
});
