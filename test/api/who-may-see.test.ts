import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const ADMIN = 'an-administrator-who-is-nobody-else';

describe('who may see and do what', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { ADMIN_TOKEN: ADMIN, WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' });
  });

  const admin = { key: null, headers: { authorization: `Bearer ${ADMIN}` } };
  const organization = async () => {
    const made = await service.post('/api/organizations', { name: 'One', tier: 'pro' }, admin);
    const key = made.json.api_key as string;
    const keyWith = async (...scopes: string[]) =>
      (await service.post('/api/keys', { name: scopes.join(), scopes }, { key })).json.api_key as string;
    return { key, keyWith };
  };

  test('a key makes none that may do more than itself', async () => {
    const { keyWith } = await organization();
    const key = await keyWith('manage');
    for (const path of ['/api/keys', '/api/keys/generate']) {
      for (const scopes of [['publish'], ['manage', 'consume'], ['publish', 'consume', 'manage']]) {
        const answer = await service.post(path, { name: 'wider', scopes }, { key });
        assert.deepEqual([answer.status, answer.json.code], [403, 'forbidden'], `${path} ${scopes}`);
      }
      const same = await service.post(path, { name: 'same' }, { key });
      assert.deepEqual(same.json.scopes, ['manage'], 'its own scopes, where none are named');
    }
    const rotated = await service.post('/api/keys/rotate', {}, { key });
    const me = await service.get('/api/me', { key: rotated.json.api_key });
    assert.deepEqual(me.json.key.scopes, ['manage']);
    const names = (await service.get('/api/keys', { key: rotated.json.api_key })).json.data;
    assert.ok(names.every(({ name }: { name: string }) => name !== 'wider'));
  });

  test('addresses of receivers are for keys that manage', async () => {
    const { key, keyWith } = await organization();
    const reader = await keyWith('consume');
    const url = `http://127.0.0.1:1/${randomUUID()}`;
    await service.post('/api/endpoints', { url, enabled: false }, { key });
    await service.post('/api/inboxes', { name: 'told', notification_url: url }, { key });
    const sent = await service.post('/api/events', { type: 'a', data: 1 }, { key });
    const paths = [
      `/api/events/${sent.json.id}/trace`,
      '/api/inboxes',
      '/api/inboxes/told',
      '/trigger-inbox/v1/inboxes',
      '/trigger-inbox/v1/inboxes/told',
    ];
    for (const path of paths) {
      const [managed, read] = [await service.get(path, { key }), await service.get(path, { key: reader })];
      assert.deepEqual([managed.status, read.status], [200, 200], path);
      assert.ok(managed.text.includes(url), path);
      assert.ok(!read.text.includes(url), path);
    }
  });

  test('health in detail: an organization sees what waits of its own, the administrator all', async () => {
    const [ours, theirs] = [await organization(), await organization()];
    await service.post('/api/endpoints', { url: 'http://127.0.0.1:1/', enabled: false }, ours);
    for (let i = 0; i < 3; i++) await service.post('/api/events', { type: 'a', data: i }, ours);
    await eventually(async () => {
      const own = (await service.get('/health/detailed', ours)).json;
      assert.equal(own.deliveries.waiting, 3);
      assert.equal(own.events, undefined);
      assert.deepEqual(own.inboxes, { quarantined: 0 });
    });
    const other = (await service.get('/health/detailed', theirs)).json;
    assert.deepEqual(other.deliveries, { waiting: 0, oldest_due_at: null, lag_seconds: 0 });
    await service.post('/api/inboxes', { name: 'once', max_leases: 1 }, ours);
    await service.post('/api/events', { type: 'a', data: 4 }, ours);
    await eventually(async () => {
      const { json } = await service.post('/api/inbox/lease', { inbox: 'once' }, ours);
      assert.equal(json.data.length, 1);
      await service.post('/api/inbox/release', { inbox: 'once', lease_id: json.lease_id }, ours);
    });
    assert.deepEqual((await service.get('/health/detailed', ours)).json.inboxes, { quarantined: 1 });
    assert.deepEqual((await service.get('/health/detailed', theirs)).json.inboxes, { quarantined: 0 });
    const all = await service.get('/health/detailed', admin);
    assert.deepEqual(all.json.inboxes, { quarantined: null }, 'whose they are is theirs');
    assert.ok(all.json.deliveries.waiting >= 3, all.text);
    assert.equal((await service.get('/health/detailed', { key: null })).status, 401);
    assert.equal((await service.get('/health/detailed', { key: 'wrong' })).status, 401);
  });

  test('the default endpoint: its secret shown is audited, and its change is a change', async () => {
    const { key } = await organization();
    const url = (path: string) => ({ webhook_url: `http://127.0.0.1:1/${path}` });
    await service.post('/api/webhook/config', url('a'), { key });
    await service.post('/api/webhook/config', url('b'), { key });
    const { endpoint_id } = (await service.get('/api/webhook/config', { key })).json;
    const { data } = (await service.get('/api/audit', { key })).json;
    const actions = data
      .filter(({ target }: { target: string }) => target === endpoint_id)
      .map(({ action }: { action: string }) => action);
    assert.deepEqual(actions, ['endpoint.secret_shown', 'endpoint.changed', 'endpoint.created']);
  });

  test('a name is not resolved at creation: which names there are inside is nobody’s to list', async () => {
    const { key } = await organization();
    for (const url of ['http://no-such-name.invalid/', 'http://inside.corp.internal/']) {
      const made = await service.post('/api/endpoints', { url, event_types: ['never'] }, { key });
      assert.equal(made.status, 201, url);
    }
    for (const url of ['http://10.0.0.1/', 'http://[fe80::1]/', 'http://metadata.google.internal/']) {
      const refused = await service.post('/api/endpoints', { url }, { key });
      assert.deepEqual([refused.status, refused.json.code], [422, 'url_not_allowed'], url);
    }
  });

  test('CSV: no cell begins a formula, whatever separates cells; data is the same JSON', async () => {
    const { key } = await organization();
    const data = '{"a":";=1+1","b":"x;+y;-z;@w",\t"n":\t-5}';
    const raw = `{"type":"a","data":${data},"dedup_id":"a;=1;-2","ordering_key":"@x"}`;
    assert.equal((await service.post('/api/events', undefined, { raw, key })).status, 202);
    const line = await eventually(async () => {
      const { text } = await service.get('/api/events/export?format=csv', { key });
      const [, first] = text.split('\r\n');
      assert.ok(first !== undefined && first !== '');
      return first;
    });
    assert.match(line, /^("(?:[^"]|"")*")(,"(?:[^"]|"")*"){6}$/, 'every field is quoted');
    for (const separator of [',', ';', '\t']) {
      for (const cell of line.split(separator)) assert.doesNotMatch(cell, /^"?[=+\-@\t\r]/, `${separator} ${cell}`);
    }
    const fields = [...line.matchAll(/"((?:[^"]|"")*)"/g)].map(([, field = '']) => field.replaceAll('""', '"'));
    assert.deepEqual(fields.slice(3, 5), ["a;'=1;'-2", "'@x"]);
    assert.deepEqual(JSON.parse(fields[6] ?? ''), JSON.parse(data));
  });
});
