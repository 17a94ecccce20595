import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Receiver } from '../support/receiver.ts';
import { startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const NOBODY = 'http://127.0.0.1:9/hook';

describe('endpoints', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  test('are created with defaults, and show their secret only then and on request', async () => {
    const created = await service.post('/api/endpoints', { url: NOBODY });
    assert.equal(created.status, 201, created.text);
    const { id, secret, created_at, updated_at, ...rest } = created.json;
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.equal(Buffer.from(secret.slice(6), 'base64').length, 32);
    assert.equal(created_at, updated_at);
    assert.deepEqual(rest, {
      url: NOBODY,
      description: '',
      event_types: [],
      headers: {},
      rate_limit: null,
      retry_deadline: null,
      max_concurrency: 10,
      timeout_seconds: 10,
      max_attempts: 5,
      retry_schedule: ['30s', '1m', '5m', '15m'],
      ordered: false,
      on_failed: 'skip',
      filter: null,
      batch: null,
      format: 'standard',
      signatures: ['v1'],
      public_key: null,
      client_certificate: null,
      enabled: true,
      status: 'active',
      disabled_reason: null,
      failing_since: null,
    });
    const read = await service.get(`/api/endpoints/${id}`);
    assert.deepEqual(read.json, { id, ...rest, created_at, updated_at });
    assert.deepEqual((await service.get(`/api/endpoints/${id}/secret`)).json, { secret });
    assert.doesNotMatch((await service.get('/api/endpoints')).text, /whsec_/);
  });

  test('PATCH changes only what it names', async () => {
    const { id } = (await service.post('/api/endpoints', { url: NOBODY, max_attempts: 3, description: 'a' })).json;
    const before = (await service.get(`/api/endpoints/${id}`)).json;
    const patched = await service.call('PATCH', `/api/endpoints/${id}`, {
      body: { description: 'b', retry_schedule: ['1s'], enabled: false },
    });
    assert.equal(patched.status, 200, patched.text);
    assert.deepEqual(patched.json, {
      ...before,
      description: 'b',
      retry_schedule: ['1s'],
      enabled: false,
      status: 'paused',
      updated_at: patched.json.updated_at,
    });
  });

  test('DELETE answers 204, then 404', async () => {
    const { id } = (await service.post('/api/endpoints', { url: NOBODY })).json;
    assert.equal((await service.call('DELETE', `/api/endpoints/${id}`)).status, 204);
    assert.equal((await service.call('DELETE', `/api/endpoints/${id}`)).status, 404);
    assert.equal((await service.get(`/api/endpoints/${id}`)).status, 404);
    assert.equal((await service.call('PATCH', `/api/endpoints/${id}`, { body: {} })).status, 404);
  });

  const wrong: [string, object][] = [
    ['url', {}],
    ['url', { url: 7 }],
    ['url', { url: '' }],
    ['unknown', { url: NOBODY, unknown: 1 }],
    ['description', { url: NOBODY, description: 'x'.repeat(1_001) }],
    ['description', { url: NOBODY, description: '\ud800' }],
    ['event_types', { url: NOBODY, event_types: 'order.*' }],
    ['event_types.1', { url: NOBODY, event_types: ['ok', 'or*er'] }],
    ['headers.Host', { url: NOBODY, headers: { Host: 'x' } }],
    ['headers.X-A', { url: NOBODY, headers: { 'X-A': 'a\r\nb' } }],
    ['headers.X-A', { url: NOBODY, headers: { 'X-A': '中' } }],
    ['headers.webhook-signature', { url: NOBODY, headers: { 'webhook-signature': 'v1,x' } }],
    ['headers.Content-Type', { url: NOBODY, headers: { 'Content-Type': 'text/plain' } }],
    ['headers.Expect', { url: NOBODY, headers: { Expect: '100-continue' } }],
    ['headers.a b', { url: NOBODY, headers: { 'a b': '1' } }],
    ['headers.x-a', { url: NOBODY, headers: { 'X-A': '1', 'x-a': '2' } }],
    ['headers', { url: NOBODY, headers: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x-${i}`, '1'])) }],
    ['headers', { url: NOBODY, headers: { 'x-a': 'x'.repeat(9_000) } }],
    ['headers', { url: NOBODY, headers: { 'x-a': 'x'.repeat(65_536) } }],
    ['headers', { url: NOBODY, headers: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, '1'])) }],
    ['headers.__proto__', { url: NOBODY, headers: JSON.parse('{"__proto__":"x"}') }],
    ['headers.X-A', { url: NOBODY, headers: { 'X-A': 1 } }],
    ['max_concurrency', { url: NOBODY, max_concurrency: 0 }],
    ['max_concurrency', { url: NOBODY, max_concurrency: 1.5 }],
    ['timeout_seconds', { url: NOBODY, timeout_seconds: 31 }],
    ['max_attempts', { url: NOBODY, max_attempts: '5' }],
    ['retry_schedule.0', { url: NOBODY, retry_schedule: ['soon'] }],
    ['retry_schedule', { url: NOBODY, retry_schedule: [] }],
    ['secret', { url: NOBODY, secret: 'whsec_short' }],
    ['ordered', { url: NOBODY, ordered: 'yes' }],
    ['enabled', { url: NOBODY, enabled: 'true' }],
  ];
  for (const [path, body] of wrong) {
    test(`422 for ${path}: ${JSON.stringify(body).slice(0, 70)}`, async () => {
      const answer = await service.post('/api/endpoints', body);
      assert.equal(answer.status, 422, answer.text);
      assert.equal(answer.json.code, 'invalid_request');
      const paths = answer.json.errors.map((error: { path: string }) => error.path);
      assert.ok(paths.includes(path), paths.join());
    });
  }
  test('422: a header named __proto__ is refused, not swallowed', async () => {
    const raw = `{"url":"${NOBODY}","headers":{"__proto__":"x"}}`;
    const answer = await service.post('/api/endpoints', undefined, { raw });
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.errors[0].path, 'headers.__proto__');
  });

  test('422 url_not_allowed wherever an address is given', async () => {
    const { id } = (await service.post('/api/endpoints', { url: NOBODY })).json;
    for (const url of ['http://10.0.0.1/', 'http://169.254.169.254/', 'file:///etc/passwd', 'http://u:p@127.0.0.1/']) {
      const answers = [
        await service.post('/api/endpoints', { url }),
        await service.call('PATCH', `/api/endpoints/${id}`, { body: { url } }),
        await service.post('/api/webhook/config', { webhook_url: url }),
      ];
      for (const answer of answers) {
        assert.equal(answer.status, 422, `${url} ${answer.text}`);
        assert.equal(answer.json.code, 'url_not_allowed');
      }
    }
  });

  test('the default endpoint is one: set again it changes, and keeps its secret', async (context) => {
    assert.equal((await service.get('/api/webhook/config')).status, 404);
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const first = await service.post('/api/webhook/config', { webhook_url: NOBODY });
    assert.equal(first.status, 200, first.text);
    const second = await service.post('/api/webhook/config', { webhook_url: receiver.url });
    assert.deepEqual(second.json, { ...first.json, webhook_url: receiver.url });
    assert.deepEqual((await service.get('/api/webhook/config')).json, second.json);
    assert.equal((await service.call('DELETE', '/api/webhook/config')).status, 204);
    assert.equal((await service.call('DELETE', '/api/webhook/config')).status, 404);
    assert.equal((await service.get('/api/webhook/config')).status, 404);
  });

  test('lists have pages', async () => {
    const all = (await service.get('/api/endpoints?limit=1000')).json.data as { id: string }[];
    const first = (await service.get('/api/endpoints?limit=2')).json;
    assert.deepEqual(first.data, all.slice(0, 2));
    const second = (await service.get(`/api/endpoints?limit=2&cursor=${first.next_cursor}`)).json;
    assert.deepEqual(second.data, all.slice(2, 4));
  });
});
