import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

describe('the test button', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  async function endpoint(url: string, more: object = {}) {
    const created = await service.post('/api/endpoints', { url, event_types: ['none'], timeout_seconds: 10, ...more });
    assert.equal(created.status, 201, created.text);
    return created.json;
  }

  test('gives back the whole attempt, data byte for byte, and keeps nothing', async (context) => {
    const receiver = await Receiver.start((_got, response) => void response.writeHead(500).end('no, thanks'));
    context.after(() => receiver.stop());
    const { id, secret } = await endpoint(receiver.url, { enabled: false });
    const raw = '{"type":"my.test","data":{ "n":12345678901234567890 }}';
    const sent = await service.call('POST', `/api/endpoints/${id}/test`, { raw });
    assert.equal(sent.status, 200, sent.text);
    const { event_id, number, status_code, error, response_excerpt, duration_ms, request } = sent.json;
    assert.deepEqual([number, status_code, error, response_excerpt], [1, 500, 'status', 'no, thanks']);
    assert.ok(duration_ms >= 0);
    const [got] = receiver.requests;
    assert.ok(got);
    new Webhook(secret).verify(got.body, got.headers);
    assert.equal(got.body.toString(), request.body);
    assert.ok(request.body.includes('"data":{ "n":12345678901234567890 }'));
    assert.equal(got.headers['webhook-id'], event_id);
    assert.equal(request.headers['x-event-type'], 'my.test');
    assert.doesNotMatch(sent.text, /whsec_/);
    assert.equal((await service.get(`/api/events/${event_id}`)).status, 404);
    await service.post(`/api/endpoints/${id}/test`);
    assert.equal(receiver.requests.length, 2, 'twice is twice');
    assert.equal((await service.post(`/api/endpoints/${id}/test`, { type: 'a b' })).status, 422);
    assert.equal((await service.post(`/api/endpoints/${id}/test`, { other: 1 })).status, 422);
    assert.equal((await service.call('POST', `/api/endpoints/${id}/test`, { raw: '{' })).status, 400);
    assert.equal((await service.post(`/api/endpoints/${randomUUID()}/test`, {})).status, 404);
  });

  test('ten tests at once are enough', async (context) => {
    const held: (() => void)[] = [];
    const receiver = await Receiver.start((_got, response) => {
      held.push(() => response.writeHead(200).end());
    });
    context.after(() => receiver.stop());
    const { id } = await endpoint(receiver.url);
    const ten = Array.from({ length: 10 }, () => service.post(`/api/endpoints/${id}/test`, {}));
    await receiver.waitFor(10);
    const refused = await service.post(`/api/endpoints/${id}/test`, {});
    assert.equal(refused.status, 429);
    assert.ok(refused.headers['retry-after']);
    for (const answer of held) answer();
    for (const sent of await Promise.all(ten)) assert.equal(sent.json.status_code, 200);
  });

  test('says something of its own where nothing is given', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id } = await endpoint(receiver.url);
    for (const raw of ['{}', '{"type":"test.webhook"}']) {
      assert.equal((await service.call('POST', `/api/endpoints/${id}/test`, { raw })).json.status_code, 204);
    }
    for (const { body } of receiver.requests) {
      const { type, data } = JSON.parse(body.toString());
      assert.deepEqual([type, data], ['test.webhook', { message: 'This is a test.' }]);
    }
    assert.equal(receiver.requests.length, 2);
  });

  test('sends what the endpoint gets: lists where it takes batches, CloudEvents where it wants them', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const batch = { max_events: 10, max_seconds: 1 };
    const read = async (more: object) => {
      const { id } = await endpoint(receiver.url, more);
      assert.equal((await service.post(`/api/endpoints/${id}/test`, {})).json.status_code, 204);
      const { headers, body } = receiver.requests.at(-1) ?? assert.fail();
      return { type: headers['content-type'], size: headers['x-batch-size'], content: JSON.parse(body.toString()) };
    };
    const [list, event, events] = [
      await read({ batch }),
      await read({ format: 'cloudevents' }),
      await read({ batch, format: 'cloudevents' }),
    ];
    assert.deepEqual([list.type, list.size, list.content[0].type], ['application/json', '1', 'test.webhook']);
    assert.deepEqual([event.type, event.content.specversion], ['application/cloudevents+json', '1.0']);
    assert.deepEqual([events.type, events.size], ['application/cloudevents-batch+json', '1']);
    assert.equal(events.content[0].specversion, '1.0');
  });

  test('data is bounded as an event’s is', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id } = await endpoint(receiver.url);
    for (const [characters, status] of [
      [262_142, 200],
      [262_143, 413],
    ] as const) {
      const data = 'x'.repeat(characters);
      assert.equal((await service.post(`/api/endpoints/${id}/test`, { data })).status, status, `${characters}`);
    }
    assert.equal(receiver.requests.length, 1);
  });

  test('reaches a disabled endpoint, once, and changes nothing about it', async (context) => {
    const receiver = await Receiver.start((_got, response) => void response.writeHead(410).end());
    context.after(() => receiver.stop());
    const { id } = await endpoint(receiver.url, { event_types: ['gone'] });
    assert.equal((await service.post(`/api/endpoints/${id}/test`, {})).json.status_code, 410);
    assert.equal((await service.get(`/api/endpoints/${id}`)).json.status, 'active', 'a test decides nothing');
    await service.send('gone', 1);
    await eventually(async () => assert.equal((await service.get(`/api/endpoints/${id}`)).json.status, 'disabled'));
    receiver.answer = (_got, response) => void response.writeHead(200).end();
    assert.equal((await service.post(`/api/endpoints/${id}/test`, {})).json.status_code, 200);
    const { status, disabled_reason } = (await service.get(`/api/endpoints/${id}`)).json;
    assert.deepEqual([status, disabled_reason], ['disabled', 'gone']);
    assert.equal(receiver.requests.length, 3);
    assert.deepEqual((await service.get(`/api/deliveries?endpoint_id=${id}`)).json.data.length, 1);
  });

  test('an address that may not be reached tells nothing but that', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'triggers-'));
    context.after(() => rm(folder, { recursive: true, force: true }));
    const open = await startTestService(context, { DATA_DIR: folder, WEBHOOK_ALLOWED_NETWORKS: '10.0.0.0/8' });
    const made = await open.post('/api/endpoints', { url: 'http://10.255.255.1:8022/' });
    assert.equal(made.status, 201, made.text);
    await open.stop();
    const closed = await startTestService(context, { DATA_DIR: folder });
    const { status, json } = await closed.post(`/api/endpoints/${made.json.id}/test`, {});
    assert.equal(status, 200);
    const { status_code, error, response_excerpt } = json;
    assert.deepEqual([status_code, error, response_excerpt], [null, 'address_not_allowed', null]);
  });

  test('of another organization’s endpoint, or none, it knows nothing', async () => {
    for (const id of [randomUUID(), 'x']) {
      for (const path of ['test', 'rotate-secret']) {
        assert.equal((await service.post(`/api/endpoints/${id}/${path}`, {})).status, 404);
      }
    }
  });
});
