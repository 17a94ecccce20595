import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { type ReceivedRequest, Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const FAST = { retry_schedule: ['100ms'], timeout_seconds: 20 };

describe('what an endpoint asks for', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  async function endpoint(receiver: Receiver, more: object): Promise<{ id: string; secret: string }> {
    const created = await service.post('/api/endpoints', { url: receiver.url, ...FAST, ...more });
    assert.equal(created.status, 201, created.text);
    return created.json;
  }

  async function send(type: string, data: unknown, more: object = {}): Promise<string> {
    const sent = await service.post('/api/events', { type, data, ...more });
    assert.equal(sent.status, 202, sent.text);
    return sent.json.id;
  }

  async function statusOf(eventId: string): Promise<string | undefined> {
    return (await service.get(`/api/deliveries?event_id=${eventId}`)).json.data[0]?.status;
  }

  // 2.01 * 1000 is 2009.9999999999998: kept so, it stopped the deliveries of every organization.
  for (const seconds of [2.01, 16.1, 1.001, 1.0000001, 29.9999999]) {
    test(`${seconds} seconds are whole milliseconds, of a time-out and of a batch`, async (context) => {
      const receiver = await Receiver.start();
      context.after(() => receiver.stop());
      const type = `seconds.${Math.round(seconds * 1e7)}`;
      const batch = { max_events: 2, max_seconds: seconds };
      const { id } = await endpoint(receiver, { event_types: [type], timeout_seconds: seconds, batch });
      const shown = (await service.get(`/api/endpoints/${id}`)).json;
      const kept = Math.round(seconds * 1_000) / 1_000;
      assert.deepEqual([shown.timeout_seconds, shown.batch.max_seconds], [kept, kept]);
      const changed = await service.call('PATCH', `/api/endpoints/${id}`, {
        body: { timeout_seconds: seconds, batch },
      });
      assert.equal(changed.status, 200, changed.text);
      await send(type, 1);
      await send(type, 2);
      await receiver.waitFor(1);
      const stats = (await service.get(`/api/endpoints/${id}/stats`)).json;
      assert.equal(stats.last_fault, null);
    });
  }

  test('ordered: one at a time as accepted, also where some fail first', async (context) => {
    const tries = new Map<string, number>();
    let open = 0;
    const receiver = await Receiver.start((got, response) => {
      open++;
      const { id, data } = JSON.parse(got.body.toString());
      const tried = (tries.get(id) ?? 0) + 1;
      tries.set(id, tried);
      setTimeout(() => {
        response.writeHead(data % 5 === 0 && tried === 1 ? 500 : 200, { 'x-open': open }).end(() => {});
        open--;
      }, 3);
    });
    context.after(() => receiver.stop());
    await endpoint(receiver, { event_types: ['ordered'], ordered: true });
    const mine: number[] = [];
    for (let n = 1; n <= 20; n++) {
      await send('ordered', n);
      mine.push(n, ...(n % 5 === 0 ? [n] : []));
    }
    await receiver.waitFor(mine.length);
    assert.deepEqual(numbers(receiver.requests), mine);
  });

  test('by_key: each key in order, keys side by side, what has no key beside them', async (context) => {
    const held: (() => void)[] = [];
    const receiver = await Receiver.start((got, response) => {
      const { data } = JSON.parse(got.body.toString());
      if (data.hold === true) held.push(() => response.writeHead(200).end());
      else response.writeHead(200).end();
    });
    context.after(() => receiver.stop());
    await endpoint(receiver, { event_types: ['keyed'], ordered: 'by_key', timeout_seconds: 10 });
    await send('keyed', { n: 'a1', hold: true }, { ordering_key: 'a' });
    await send('keyed', { n: 'a2' }, { ordering_key: 'a' });
    await send('keyed', { n: 'b1' }, { ordering_key: 'b' });
    await send('keyed', { n: 'b2' }, { ordering_key: 'b' });
    await send('keyed', { n: 'free' });
    await receiver.waitFor(4);
    const names = () => receiver.requests.map(({ body }) => JSON.parse(body.toString()).data.n);
    assert.deepEqual(names().sort(), ['a1', 'b1', 'b2', 'free']);
    for (const answer of held) answer();
    await receiver.waitFor(5);
    assert.equal(names().at(-1), 'a2');
  });

  test('on_failed: a failed one is passed over, or holds up its key until the endpoint says otherwise', async (context) => {
    const receiver = await Receiver.start((got, response) => {
      const { data } = JSON.parse(got.body.toString());
      response.writeHead(data === 'bad' ? 500 : 200).end();
    });
    context.after(() => receiver.stop());
    const ordered = { ordered: true, max_attempts: 1 };
    const skipping = await endpoint(receiver, { event_types: ['skip'], ...ordered });
    assert.equal((await service.get(`/api/endpoints/${skipping.id}`)).json.on_failed, 'skip');
    await send('skip', 'bad');
    const next = await send('skip', 'good');
    await eventually(async () => assert.equal(await statusOf(next), 'delivered'));

    const blocking = await endpoint(receiver, { event_types: ['block'], ...ordered, on_failed: 'block' });
    const bad = await send('block', 'bad');
    const behind = await send('block', 'good');
    await eventually(async () => assert.equal(await statusOf(bad), 'failed'));
    const later = await send('block', 'good');
    await eventually(async () => assert.equal(await statusOf(later), 'pending'));
    assert.equal(await statusOf(behind), 'pending');
    await service.call('PATCH', `/api/endpoints/${blocking.id}`, { body: { on_failed: 'skip' } });
    for (const id of [behind, later]) await eventually(async () => assert.equal(await statusOf(id), 'delivered'));
  });

  test('rate_limit: so many a second, evenly, and none is lost', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id } = await endpoint(receiver, { event_types: ['rated'], rate_limit: 10 });
    assert.equal((await service.get(`/api/endpoints/${id}`)).json.rate_limit, 10);
    await Promise.all(Array.from({ length: 15 }, (_, n) => send('rated', n)));
    const got = await receiver.waitFor(15);
    const times = got.map(({ at }) => at);
    for (const [n, at] of times.entries()) {
      const within = times.filter((other) => other >= at && other < at + 1_000).length;
      assert.ok(within <= 12, `${within} within a second after request ${n}`);
    }
  });

  test('batch: several events in one signed request, when they are enough or have waited enough', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const batch = { max_events: 3, max_seconds: 0.3 };
    const { id, secret } = await endpoint(receiver, { event_types: ['batched'], batch });
    assert.deepEqual((await service.get(`/api/endpoints/${id}`)).json.batch, batch);
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) ids.push(await send('batched', n));
    await eventually(async () => {
      for (const eventId of ids) assert.equal(await statusOf(eventId), 'delivered');
    });
    const requests = receiver.requests;
    assert.deepEqual(
      requests.flatMap(({ body }) => JSON.parse(body.toString()).map((e: { id: string }) => e.id)).sort(),
      ids,
    );
    assert.ok(requests.length <= 5, `${requests.length} requests`);
    const webhookIds = new Set<string>();
    for (const { headers, body } of requests) {
      new Webhook(secret).verify(body, headers as Record<string, string>);
      webhookIds.add(headers['webhook-id'] ?? '');
      assert.equal(headers['x-batch-size'], String(JSON.parse(body.toString()).length));
    }
    assert.equal(webhookIds.size, requests.length);
  });

  test('batch: a failed request is tried again with all of its events', async (context) => {
    let tried = 0;
    const receiver = await Receiver.start((_got, response) => {
      response.writeHead(++tried === 1 ? 500 : 200).end();
    });
    context.after(() => receiver.stop());
    await endpoint(receiver, { event_types: ['rebatched'], batch: { max_events: 2, max_seconds: 0.5 } });
    const ids = await Promise.all([send('rebatched', 1), send('rebatched', 2)]);
    for (const id of ids) await eventually(async () => assert.equal(await statusOf(id), 'delivered'));
    const [first] = receiver.requests;
    assert.equal(JSON.parse(String(first?.body)).length, 2);
    const { data } = (await service.get(`/api/deliveries?event_id=${ids[0]}`)).json;
    assert.equal(data[0].attempts, 2);
  });

  test('batch: what failed together goes out together again, as the same request, whatever came meanwhile', async (context) => {
    const seen = new Map<string, number>();
    const receiver = await Receiver.start(({ headers }, response) => {
      const id = String(headers['webhook-id']);
      seen.set(id, (seen.get(id) ?? 0) + 1);
      response.writeHead((seen.get(id) ?? 0) < 3 ? 503 : 204).end();
    });
    context.after(() => receiver.stop());
    const batch = { max_events: 4, max_seconds: 0.2 };
    await endpoint(receiver, { event_types: ['together'], batch, retry_schedule: ['400ms'], max_attempts: 5 });
    const ids: string[] = [];
    for (const size of [4, 3, 2]) {
      for (let n = 0; n < size; n++) ids.push(await send('together', n));
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    for (const id of ids) await eventually(async () => assert.equal(await statusOf(id), 'delivered'));
    const requests = new Map<string, (typeof receiver.requests)[number][]>();
    for (const got of receiver.requests) {
      const id = String(got.headers['webhook-id']);
      requests.set(id, [...(requests.get(id) ?? []), got]);
    }
    for (const [id, tries] of requests) {
      assert.deepEqual(
        tries.map(({ headers }) => headers['x-attempt']),
        ['1', '2', '3'],
        id,
      );
      for (const { body } of tries) assert.equal(body.toString(), tries[0]?.body.toString());
    }
  });

  test('retry_deadline: no attempt is planned for later', async (context) => {
    const receiver = await Receiver.start((_got, response) => void response.writeHead(500).end());
    context.after(() => receiver.stop());
    await endpoint(receiver, {
      event_types: ['late'],
      max_attempts: 20,
      retry_schedule: ['100ms', '100ms', '1h'],
      retry_deadline: '30s',
    });
    const id = await send('late', 1);
    await eventually(async () => assert.equal(await statusOf(id), 'failed'));
    assert.equal(receiver.requests.length, 3);
  });

  for (const [what, body, path] of [
    ['a rate of 0', { rate_limit: 0 }, 'rate_limit'],
    ['a rate that is no whole number', { rate_limit: 1.5 }, 'rate_limit'],
    ['an order of another kind', { ordered: 'by_type' }, 'ordered'],
    ['another end of a failed one', { on_failed: 'stop' }, 'on_failed'],
    ['a batch of none', { batch: { max_events: 0, max_seconds: 1 } }, 'batch.max_events'],
    ['a batch of too many', { batch: { max_events: 101, max_seconds: 1 } }, 'batch.max_events'],
    ['a batch without time', { batch: { max_events: 5 } }, 'batch.max_seconds'],
    ['a batch in order', { batch: { max_events: 5, max_seconds: 1 }, ordered: true }, 'batch'],
    ['a deadline that is none', { retry_deadline: 'soon' }, 'retry_deadline'],
    ['a deadline beyond all', { retry_deadline: '31d' }, 'retry_deadline'],
  ] as const) {
    test(`${what} is refused`, async () => {
      const refused = await service.post('/api/endpoints', { url: 'http://127.0.0.1:9/', ...body });
      assert.equal(refused.status, 422, refused.text);
      assert.equal(refused.json.errors[0].path, path);
    });
  }
});

function numbers(requests: readonly ReceivedRequest[]): number[] {
  return requests.map(({ body }) => JSON.parse(body.toString()).data);
}
