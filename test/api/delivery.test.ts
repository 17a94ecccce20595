import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const FAST = { retry_schedule: ['100ms'], timeout_seconds: 20 };

describe('delivery', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  async function endpoint(receiver: Receiver, more: object = {}): Promise<{ id: string; secret: string }> {
    const created = await service.post('/api/endpoints', { url: receiver.url, ...FAST, ...more });
    assert.equal(created.status, 201, created.text);
    return created.json;
  }

  async function deliveryOf(eventId: string, status: string) {
    return eventually(async () => {
      const [delivery] = (await service.get(`/api/deliveries?event_id=${eventId}`)).json.data;
      assert.equal(delivery?.status, status);
      return (await service.get(`/api/deliveries/${delivery.id}`)).json;
    });
  }

  test('an event arrives signed, with every header of the contract, data byte for byte', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id: endpointId, secret } = await endpoint(receiver, {
      event_types: ['sig.*'],
      headers: { 'X-Env': 'prod' },
    });
    const data = '{ "n":12345678901234567890,"a":1e400, "s":"\\u0000\\ud800é\\/" }';
    const sent = await service.post('/api/events', undefined, { raw: `{"type":"sig.one","data":${data}}` });
    const [got] = await receiver.waitFor(1);
    assert.ok(got !== undefined);
    assert.equal(
      got.body.toString(),
      `{"id":"${sent.json.id}","type":"sig.one","timestamp":"${sent.json.created_at}","data":${data}}`,
    );
    new Webhook(secret).verify(got.body, got.headers as Record<string, string>);
    const { headers } = got;
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['webhook-id'], sent.json.id);
    assert.equal(headers['x-event-id'], sent.json.id);
    assert.equal(headers['x-event-type'], 'sig.one');
    assert.equal(headers['x-attempt'], '1');
    assert.equal(headers['x-env'], 'prod');
    assert.equal(headers['x-triggers-hops'], '1');
    assert.match(headers['user-agent'] ?? '', /^triggers-api\/\d/);
    assert.match(headers['traceparent'] ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    const delivery = await deliveryOf(sent.json.id, 'delivered');
    assert.equal(headers['x-delivery-id'], delivery.id);
    assert.equal(delivery.endpoint_id, endpointId);
    assert.equal(delivery.attempts.length, 1);
    assert.equal(delivery.attempts[0].number, 1);
    assert.equal(delivery.attempts[0].status_code, 204);
    assert.equal(delivery.attempts[0].error, null);
    assert.equal(delivery.next_attempt_at, null);
  });

  test("a client's trace goes on to the receiver", async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    await endpoint(receiver, { event_types: ['trace'] });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await service.post('/api/events', { type: 'trace', data: 1 }, { headers: { traceparent } });
    const [got] = await receiver.waitFor(1);
    assert.match(
      got?.headers['traceparent'] ?? '',
      /^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/,
    );
  });

  test('failures are retried by schedule with the same webhook-id, then delivered', async (context) => {
    const receiver = await Receiver.start((_got, response) => {
      response.writeHead(receiver.requests.length < 3 ? 500 : 200).end('hello');
    });
    context.after(() => receiver.stop());
    const { secret } = await endpoint(receiver, { event_types: ['retry'] });
    const id = await service.send('retry', { n: 1 });
    const got = await receiver.waitFor(3);
    assert.deepEqual(
      got.map(({ headers }) => headers['x-attempt']),
      ['1', '2', '3'],
    );
    assert.deepEqual(new Set(got.map(({ headers }) => headers['webhook-id'])), new Set([id]));
    for (const { body, headers } of got) new Webhook(secret).verify(body, headers as Record<string, string>);
    const pauses = got.slice(1).map(({ at }, i) => at - (got[i]?.at ?? 0));
    assert.ok(
      pauses.every((pause) => pause >= 89),
      String(pauses),
    );
    const delivery = await deliveryOf(id, 'delivered');
    assert.deepEqual(
      delivery.attempts.map((attempt: { number: number; error: string | null }) => [attempt.number, attempt.error]),
      [
        [1, 'status'],
        [2, 'status'],
        [3, null],
      ],
    );
    assert.equal(delivery.attempts[0].status_code, 500);
    assert.equal(delivery.attempts[0].response_excerpt, 'hello');
  });

  test('after its last attempt a delivery is failed, and is not tried again', async (context) => {
    const receiver = await Receiver.start((_got, response) => void response.writeHead(302, { location: '/' }).end());
    context.after(() => receiver.stop());
    await endpoint(receiver, { event_types: ['dead'], max_attempts: 2 });
    const id = await service.send('dead', 1);
    const delivery = await deliveryOf(id, 'failed');
    assert.equal(delivery.attempts.length, 2);
    assert.equal(delivery.last_status_code, 302);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(receiver.requests.length, 2);
  });

  test('what was wrong is said in words: in the attempt, the statistics and the test', async () => {
    const closed = await Receiver.start();
    const { url } = closed;
    await closed.stop();
    const created = await service.post('/api/endpoints', { url, event_types: ['words'], max_attempts: 1 });
    const delivery = await deliveryOf(await service.send('words', 1), 'failed');
    const { error, error_detail } = delivery.attempts[0];
    assert.deepEqual([error, error_detail], ['connection_refused', 'nothing listens on the port']);
    const stats = (await service.get(`/api/endpoints/${created.json.id}/stats`)).json;
    assert.equal(stats.last_error_detail, error_detail);
    assert.equal(stats.last_errors[0].error_detail, error_detail);
    assert.equal((await service.post(`/api/endpoints/${created.json.id}/test`, {})).json.error_detail, error_detail);
  });

  test('a port of a database or a mail server is no address for a webhook', async () => {
    for (const port of [22, 25, 5432, 6379]) {
      const refused = await service.post('/api/endpoints', { url: `http://example.com:${port}/` });
      assert.deepEqual([refused.status, refused.json.code], [422, 'url_not_allowed'], refused.text);
    }
  });

  test('410 disables the endpoint; what comes later is skipped, others are untouched', async (context) => {
    const gone = await Receiver.start((_got, response) => void response.writeHead(410).end());
    const healthy = await Receiver.start();
    context.after(async () => void (await Promise.all([gone.stop(), healthy.stop()])));
    const { id: goneId } = await endpoint(gone, { event_types: ['gone'] });
    await endpoint(healthy, { event_types: ['gone'] });
    await service.send('gone', 1);
    await eventually(async () => {
      const now = (await service.get(`/api/endpoints/${goneId}`)).json;
      assert.equal(now.status, 'disabled');
      assert.equal(now.disabled_reason, 'gone');
      assert.equal(now.enabled, false);
    });
    const later = await service.send('gone', 2);
    await healthy.waitFor(2);
    const { deliveries } = (await service.get(`/api/events/${later}`)).json;
    const ofGone = deliveries.find((delivery: { endpoint_id: string }) => delivery.endpoint_id === goneId);
    assert.equal(ofGone.status, 'skipped');
    assert.equal(gone.requests.length, 1);
    const enabled = await service.call('PATCH', `/api/endpoints/${goneId}`, { body: { enabled: true } });
    assert.equal(enabled.json.status, 'active');
    assert.equal(enabled.json.disabled_reason, null);
  });

  test('Retry-After is obeyed', async (context) => {
    const receiver = await Receiver.start((_got, response) => {
      if (receiver.requests.length === 1) response.writeHead(503, { 'retry-after': '1' }).end();
      else response.writeHead(200).end();
    });
    context.after(() => receiver.stop());
    await endpoint(receiver, { event_types: ['wait'] });
    await service.send('wait', 1);
    const [first, second] = await receiver.waitFor(2);
    assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= 999);
  });

  test('a paused endpoint holds what arrives and delivers it when resumed', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id } = await endpoint(receiver, { event_types: ['held'], enabled: false });
    const events = [await service.send('held', 1), await service.send('held', 2)];
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(receiver.requests.length, 0);
    const [held] = (await service.get(`/api/events/${events[0]}`)).json.deliveries;
    assert.equal(held.status, 'pending');
    await service.call('PATCH', `/api/endpoints/${id}`, { body: { enabled: true } });
    await receiver.waitFor(2);
    assert.deepEqual(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])), new Set(events));
  });

  test('deliveries of a deleted endpoint are canceled', async (context) => {
    const receiver = await Receiver.start((_got, response) => void response.writeHead(500).end());
    context.after(() => receiver.stop());
    const { id } = await endpoint(receiver, { event_types: ['deleted'], retry_schedule: ['1h'] });
    const event = await service.send('deleted', 1);
    await deliveryOf(event, 'retrying');
    await service.call('DELETE', `/api/endpoints/${id}`);
    await deliveryOf(event, 'canceled');
  });

  test('a delivery that was being sent when its endpoint was deleted is canceled at once, and its late end changes nothing', async (context) => {
    const receiver = await Receiver.start(
      (_got, response) => void setTimeout(() => response.writeHead(500).end(), 300),
    );
    context.after(() => receiver.stop());
    const { id } = await endpoint(receiver, { event_types: ['under.way'], retry_schedule: ['1h'] });
    const event = await service.send('under.way', 1);
    await receiver.waitFor(1);
    assert.equal((await service.call('DELETE', `/api/endpoints/${id}`)).status, 204);
    await deliveryOf(event, 'canceled');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal((await deliveryOf(event, 'canceled')).next_attempt_at, null);
  });

  test('a hung receiver delays only itself, and its slot comes back', async (context) => {
    const hung = await Receiver.start(() => {});
    const healthy = await Receiver.start();
    context.after(async () => void (await Promise.all([hung.stop(), healthy.stop()])));
    await endpoint(hung, { event_types: ['side.**'], max_attempts: 1, max_concurrency: 2, timeout_seconds: 3 });
    await endpoint(healthy, { event_types: ['side.**'] });
    await Promise.all(Array.from({ length: 20 }, (_, i) => service.send('side.by.side', i)));
    await healthy.waitFor(20);
    assert.ok(hung.requests.length <= 2, 'the healthy one is done before the hung one times out once');
    const delivery = await eventually(async () => {
      const failed = (await service.get('/api/deliveries?status=failed&type=side.by.side')).json.data;
      assert.ok(failed.length >= 2);
      return failed[0];
    });
    assert.equal(delivery.last_error, 'timeout');
    assert.equal(hung.requests.length <= 4, true, 'two at a time, then one');
  });

  test('deliveries are listed by status, endpoint, event and type', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id } = await endpoint(receiver, { event_types: ['list.*'] });
    const events: string[] = [];
    for (let i = 0; i < 5; i++) events.unshift(await service.send(`list.${i % 2}`, i));
    await eventually(async () => {
      const done = (await service.get(`/api/deliveries?endpoint_id=${id}&status=delivered`)).json.data;
      assert.deepEqual(
        done.map((delivery: { event_id: string }) => delivery.event_id),
        events,
      );
    });
    const odd = (await service.get(`/api/deliveries?endpoint_id=${id}&type=list.1`)).json.data;
    assert.equal(odd.length, 2);
    const page = (await service.get(`/api/deliveries?endpoint_id=${id}&limit=4`)).json;
    assert.equal(page.data.length, 4);
    const rest = (await service.get(`/api/deliveries?endpoint_id=${id}&limit=4&cursor=${page.next_cursor}`)).json;
    assert.equal(rest.data.length, 1);
    assert.equal(rest.next_cursor, null);
  });
});
