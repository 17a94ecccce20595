import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Receiver } from '../support/receiver.ts';
import { startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' };

describe('CloudEvents and REST hooks', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  const structured = (raw: string) => service.call('POST', '/api/events', { raw, headers: STRUCTURED });
  const binary = (raw: string, headers: Record<string, string>) =>
    service.call('POST', '/api/events', {
      raw,
      headers: { 'ce-specversion': '1.0', 'ce-type': 'ce.binary', 'ce-source': '/a', 'ce-id': '1', ...headers },
    });
  const dedupId = (source: string, id: string) =>
    `ce:${createHash('sha256').update(`${source}\0${id}`).digest('base64url')}`;

  test('structured: data byte for byte, source and id make the dedup id', async () => {
    const data = '{ "n":12345678901234567890 }';
    const body = `{"specversion":"1.0","type":"ce.one","source":"/shop","id":"7","subject":"x","partitionkey":"k","data":${data}}`;
    const sent = await structured(body);
    assert.equal(sent.status, 202, sent.text);
    const kept = await service.get(`/api/events/${sent.json.id}`);
    assert.ok(kept.text.includes(`"data":${data}`));
    assert.equal(kept.json.dedup_id, dedupId('/shop', '7'));
    assert.equal(kept.json.ordering_key, 'k');
    const again = await structured(body);
    assert.equal(again.status, 200);
    assert.equal(again.json.id, sent.json.id);
    const none = await structured('{"specversion":"1.0","type":"ce.one","source":"/shop","id":"8"}');
    assert.equal((await service.get(`/api/events/${none.json.id}`)).json.data, null);
  });

  test('binary: attributes in headers, percent-encoded; the body is the data', async () => {
    const sent = await binary(' {"a":1e400} ', { 'ce-id': '%C3%BC%20x', 'ce-source': '/b' });
    assert.equal(sent.status, 202, sent.text);
    const kept = await service.get(`/api/events/${sent.json.id}`);
    assert.ok(kept.text.includes('"data":{"a":1e400}'), kept.text);
    assert.equal(kept.json.dedup_id, dedupId('/b', 'ü x'));
    assert.equal(kept.json.type, 'ce.binary');
    const [one, other] = [
      await binary('1', { 'ce-source': 'a', 'ce-id': 'bc' }),
      await binary('1', { 'ce-source': 'ab', 'ce-id': 'c' }),
    ];
    assert.deepEqual([one.status, other.status], [202, 202], 'a + bc is not ab + c');
  });

  for (const [what, send, path] of [
    ['no source', () => structured('{"specversion":"1.0","type":"a","id":"1"}'), 'source'],
    ['no id', () => structured('{"specversion":"1.0","type":"a","source":"/a"}'), 'id'],
    ['another version', () => structured('{"specversion":"0.3","type":"a","source":"/a","id":"1"}'), 'specversion'],
    ['a bad type', () => structured('{"specversion":"1.0","type":"a b","source":"/a","id":"1"}'), 'type'],
    ['an id that is a number', () => structured('{"specversion":"1.0","type":"a","source":"/a","id":1}'), 'id'],
    [
      'base64',
      () => structured('{"specversion":"1.0","type":"a","source":"/a","id":"1","data_base64":"AA=="}'),
      'data_base64',
    ],
    ['binary of another version', () => binary('1', { 'ce-specversion': '0.3' }), 'specversion'],
    ['binary with a header nobody can read', () => binary('1', { 'ce-id': '%zz' }), 'ce-id'],
    ['binary without a type', () => binary('1', { 'ce-type': '' }), 'type'],
  ] as const) {
    test(`422: ${what}`, async () => {
      const refused = await send();
      assert.equal(refused.status, 422, refused.text);
      assert.ok(refused.json.errors.map((error: { path: string }) => error.path).includes(path), refused.text);
    });
  }

  test('400 for what is no JSON, 415 for what is no JSON by its own word', async () => {
    assert.equal((await structured('{')).status, 400);
    assert.equal((await binary('{', {})).status, 400);
    assert.equal((await binary('1', { 'content-type': 'text/plain' })).status, 415);
    const elsewhere = await service.call('POST', '/api/endpoints', { raw: '{}', headers: STRUCTURED });
    assert.equal(elsewhere.status, 415);
  });

  test('an endpoint may have CloudEvents sent, one or several', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const made = { url: receiver.url, format: 'cloudevents' };
    const one = await service.post('/api/endpoints', { ...made, event_types: ['out.one'] });
    assert.equal(one.status, 201, one.text);
    const eventId = await service.send('out.one', { a: 1 });
    const [got] = await receiver.waitFor(1);
    assert.ok(got);
    new Webhook(one.json.secret).verify(got.body, got.headers as Record<string, string>);
    assert.equal(got.headers['content-type'], 'application/cloudevents+json');
    const { time, source, ...rest } = JSON.parse(got.body.toString());
    assert.match(source, /^urn:uuid:/);
    assert.ok(Date.parse(time));
    const datacontenttype = 'application/json';
    assert.deepEqual(rest, { specversion: '1.0', id: eventId, type: 'out.one', datacontenttype, data: { a: 1 } });
    const batch = { max_events: 1, max_seconds: 1 };
    await service.post('/api/endpoints', { ...made, event_types: ['out.many'], batch });
    await service.send('out.many', 1);
    const [, several] = await receiver.waitFor(2);
    assert.equal(several?.headers['content-type'], 'application/cloudevents-batch+json');
    assert.equal(JSON.parse(String(several?.body)).length, 1);
  });

  test('a REST hook subscribes, gets events, and unsubscribes however often', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const hook = { target_url: receiver.url, event: 'hook.one', something: 'of theirs' };
    const made = await service.post('/api/subscriptions', hook);
    assert.equal(made.status, 201, made.text);
    const { id, target_url, event_types, secret } = made.json;
    assert.deepEqual([target_url, event_types], [receiver.url, ['hook.one']]);
    await service.send('hook.one', 1);
    const [got] = await receiver.waitFor(1);
    assert.ok(got);
    new Webhook(secret).verify(got.body, got.headers as Record<string, string>);
    assert.equal((await service.get(`/api/subscriptions/${id}`)).json.target_url, receiver.url);
    const { data } = (await service.get('/api/subscriptions')).json;
    assert.ok(data.some((one: { id: string }) => one.id === id));
    assert.equal((await service.get(`/api/endpoints/${id}`)).json.url, receiver.url);
    for (const gone of [id, id, randomUUID(), 'x']) {
      assert.equal((await service.call('DELETE', `/api/subscriptions/${gone}`)).status, 204);
    }
    assert.equal((await service.get(`/api/subscriptions/${id}`)).status, 404);
    for (const [body, path] of [
      [{}, 'target_url'],
      [{ ...hook, event_types: ['a'] }, 'event_types'],
      [{ target_url: receiver.url, event: 'a b' }, 'event_types.0'],
    ] as const) {
      const refused = await service.post('/api/subscriptions', body);
      assert.equal(refused.status, 422);
      assert.equal(refused.json.errors[0].path, path);
    }
    assert.equal((await service.post('/api/subscriptions', { target_url: 'ftp://a' })).json.code, 'url_not_allowed');
  });
});
