import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const ADMIN = 'an-admin-token-of-the-test';

describe('organizations and keys', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { ADMIN_TOKEN: ADMIN });
  });

  const admin = (method: string, path: string, body?: unknown) =>
    service.call(method, path, {
      key: null,
      headers: { authorization: `Bearer ${ADMIN}` },
      ...(body === undefined ? {} : { body }),
    });

  async function organization(name = 'Acme', tier = 'unlimited') {
    const made = await admin('POST', '/api/organizations', { name, tier });
    assert.equal(made.status, 201, made.text);
    return made.json;
  }

  const me = (key: string) => service.get('/api/me', { key });

  test('the administrator makes organizations, and changes them', async () => {
    const { organization: made, api_key, key_id } = await organization('Żółć', 'pro');
    assert.deepEqual([made.name, made.tier], ['Żółć', 'pro']);
    assert.match(api_key, /^tr_[\w-]{43}$/);
    const mine = (await me(api_key)).json;
    assert.deepEqual([mine.organization.id, mine.key.id, mine.rate_limit_per_minute], [made.id, key_id, 1_000]);
    assert.deepEqual(mine.key.scopes, ['publish', 'consume', 'manage']);
    const changed = await admin('PATCH', `/api/organizations/${made.id}`, { tier: 'business' });
    assert.deepEqual([changed.json.name, changed.json.tier], ['Żółć', 'business']);
    await eventually(async () => assert.equal((await me(api_key)).json.rate_limit_per_minute, 10_000));
    assert.equal((await admin('GET', `/api/organizations/${made.id}`)).json.tier, 'business');
    const listed = (await admin('GET', '/api/organizations?limit=1')).json;
    assert.equal(listed.data.length, 1);
    assert.equal((await admin('GET', `/api/organizations/${randomUUID()}`)).status, 404);
  });

  test('nobody else does: 401 without a right credential, 403 with a key', async () => {
    const { api_key } = await organization();
    for (const path of ['/api/organizations', '/api/keys/generate']) {
      const body = path.endsWith('generate') ? { organization_name: 'x' } : { name: 'x' };
      assert.equal((await service.post(path, body, { key: null })).status, 401, path);
      assert.equal((await service.post(path, body, { key: 'wrong' })).status, 401, path);
      const forbidden = await service.post(path, body, { key: api_key });
      assert.deepEqual([forbidden.status, forbidden.json.code], [403, 'forbidden'], path);
    }
    assert.equal(
      (await service.get('/api/me', { headers: { authorization: `Bearer ${ADMIN}` }, key: null })).status,
      401,
    );
  });

  test('SEED.md’s way: a key with its organization, or one more key of one’s own', async () => {
    const made = await admin('POST', '/api/keys/generate', { organization_name: 'Seed', tier: 'free' });
    assert.equal(made.status, 201, made.text);
    const { api_key, organization_id, tier } = made.json;
    assert.equal(tier, 'free');
    const more = await service.post('/api/keys/generate', { name: 'ci', scopes: ['publish'] }, { key: api_key });
    assert.equal(more.status, 201, more.text);
    assert.equal(more.json.organization_id, organization_id);
    assert.equal((await me(more.json.api_key)).json.organization.id, organization_id);
    assert.equal((await service.post('/api/keys/generate', { name: 'x' }, { key: more.json.api_key })).status, 403);
    assert.equal((await admin('POST', '/api/keys/generate', {})).status, 422);
    assert.equal((await admin('POST', '/api/keys/generate', { organization_name: 'a', tier: 'gold' })).status, 422);
  });

  test('a list shows keys without showing them, and when they were used', async () => {
    const { api_key, key_id } = await organization();
    await service.post('/api/keys', { name: 'second', scopes: ['consume'] }, { key: api_key });
    const listed = await service.get('/api/keys', { key: api_key });
    assert.deepEqual(
      listed.json.data.map(({ name, scopes }: { name: string; scopes: string[] }) => [name, scopes]),
      [
        ['second', ['consume']],
        ['default', ['publish', 'consume', 'manage']],
      ],
    );
    const own = listed.json.data.find(({ id }: { id: string }) => id === key_id);
    assert.ok(api_key.startsWith(own.prefix));
    assert.ok(own.prefix.length < 10);
    assert.ok(!listed.text.includes(api_key));
  });

  test('a scope lets a key do what it says and nothing else', async () => {
    const { api_key } = await organization();
    const keyOf = async (scope: string) =>
      (await service.post('/api/keys', { name: scope, scopes: [scope] }, { key: api_key })).json.api_key as string;
    const [publish, consume, manage] = [await keyOf('publish'), await keyOf('consume'), await keyOf('manage')];
    const sent = await service.post('/api/events', { type: 'a', data: 1 }, { key: publish });
    assert.equal(sent.status, 202);
    const calls: [string, string, unknown, string[]][] = [
      ['POST', '/api/events', { type: 'a', data: 1 }, [publish]],
      ['POST', '/api/events/batch', [], [publish]],
      ['GET', '/api/events', undefined, [consume, manage]],
      ['GET', `/api/events/${sent.json.id}`, undefined, [consume, manage]],
      ['GET', '/api/deliveries', undefined, [consume, manage]],
      ['POST', '/api/inbox/lease', {}, [consume]],
      ['POST', '/api/inbox/ack', { lease_id: 'x' }, [consume]],
      ['POST', '/api/inbox/extend', { lease_id: 'x', lease_seconds: 1 }, [consume]],
      ['POST', '/api/inbox/release', { lease_id: 'x' }, [consume, manage]],
      ['POST', '/api/inbox/requeue', { event_ids: ['x'] }, [consume, manage]],
      ['GET', '/api/inbox', undefined, [consume, manage]],
      ['GET', '/api/endpoints', undefined, [manage]],
      ['POST', `/api/events/${sent.json.id}/replay`, {}, [manage]],
      ['GET', '/api/keys', undefined, [manage]],
      ['GET', '/api/jobs', undefined, [manage]],
      ['GET', '/api/me', undefined, [publish, consume, manage]],
    ];
    for (const [method, path, body, allowed] of calls) {
      for (const key of [publish, consume, manage]) {
        const answer = await service.call(method, path, { key, ...(body === undefined ? {} : { body }) });
        const isAllowed = allowed.includes(key);
        assert.equal(answer.status === 403, !isAllowed, `${method} ${path}: ${answer.text}`);
      }
    }
  });

  test('a rotated key goes on for its grace and no longer; the new one has its name and scopes', async () => {
    const { api_key } = await organization();
    const rotated = await service.post('/api/keys/rotate', { grace_seconds: 3 }, { key: api_key });
    assert.equal(rotated.status, 201, rotated.text);
    const until = Date.parse(rotated.json.previous_expires_at);
    assert.equal((await me(api_key)).status, 200);
    assert.equal((await me(rotated.json.api_key)).json.key.name, 'default');
    await new Promise((resolve) => setTimeout(resolve, until - Date.now() + 20));
    assert.equal((await me(api_key)).status, 401);
    const at = await service.post('/api/keys/rotate', undefined, { key: rotated.json.api_key });
    assert.equal(at.status, 201, at.text);
    await eventually(async () => assert.equal((await me(rotated.json.api_key)).status, 401));
    assert.equal((await me(at.json.api_key)).status, 200);
  });

  test('a deleted key is none within a second; the last that may manage stays', async () => {
    const { api_key, key_id } = await organization();
    const second = (await service.post('/api/keys', { name: 'second' }, { key: api_key })).json;
    assert.equal((await me(second.api_key)).status, 200);
    const gone = await service.call('DELETE', `/api/keys/${second.key_id}`, { key: api_key });
    assert.equal(gone.status, 204);
    await eventually(async () => assert.equal((await me(second.api_key)).status, 401));
    assert.equal((await service.call('DELETE', `/api/keys/${second.key_id}`, { key: api_key })).status, 404);
    const last = await service.call('DELETE', `/api/keys/${key_id}`, { key: api_key });
    assert.deepEqual([last.status, last.json.code], [409, 'conflict']);
    const other = await organization();
    assert.equal((await service.call('DELETE', `/api/keys/${other.key_id}`, { key: api_key })).status, 404);
  });

  const guessing = (own: TestService) => (token: string, from: string) =>
    own.call('POST', '/api/organizations', {
      key: null,
      body: { name: 'x' },
      headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': from },
    });

  test('who guesses the admin token has to wait, with the right one too, whatever a header says', async (context) => {
    const own = await startTestService(context, { ADMIN_TOKEN: ADMIN });
    const guess = guessing(own);
    assert.equal((await guess(ADMIN, '10.0.0.1')).status, 201);
    const statuses = [];
    for (let n = 0; n < 25; n++) statuses.push((await guess(`guess-${n}`, `10.0.0.${n}`)).status);
    assert.deepEqual(statuses, [...Array(20).fill(401), ...Array(5).fill(429)]);
    const refused = await guess(ADMIN, '10.0.1.1');
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers['retry-after']) >= 1);
  });

  test('behind a trusted proxy each client has a count of its own, and stands in the audit log', async (context) => {
    const own = await startTestService(context, { ADMIN_TOKEN: ADMIN, TRUSTED_PROXIES: '127.0.0.0/8' });
    const guess = guessing(own);
    for (let n = 0; n < 21; n++) await guess(`guess-${n}`, `spoofed-${n}, 203.0.113.9`);
    assert.equal((await guess(ADMIN, '198.51.100.1, 203.0.113.9')).status, 429);
    const made = await guess(ADMIN, '203.0.113.9, 198.51.100.1');
    assert.equal(made.status, 201);
    const key = made.json.api_key as string;
    const entries = (await own.get('/api/audit', { key })).json.data as { address: string }[];
    assert.deepEqual([...new Set(entries.map(({ address }) => address))], ['198.51.100.1']);
  });

  test('a right key is served where many wrong ones came from: it can not be guessed', async (context) => {
    const own = await startTestService(context);
    let status = 0;
    for (let n = 0; n < 310; n++) ({ status } = await own.get('/api/me', { key: `guess-${n}` }));
    assert.equal(status, 429);
    assert.equal((await own.get('/api/me')).status, 200);
  });

  test('in development everybody makes organizations, with a key or without', async (context) => {
    const own = await startTestService(context);
    for (const key of [null, own.key]) {
      const made = await own.post('/api/keys/generate', { organization_name: 'dev', tier: 'pro' }, { key });
      assert.equal(made.status, 201, made.text);
      assert.equal((await own.get('/api/me', { key: made.json.api_key })).status, 200);
    }
    assert.equal((await own.post('/api/organizations', { name: 'dev' }, { key: null })).status, 201);
    const host = await own.post('/api/organizations', { name: 'x' }, { key: null, headers: { host: 'evil.example' } });
    assert.equal(host.status, 403);
  });

  test('in production without a token nobody does, and the well-known key is none', async (context) => {
    const own = await startTestService(context, { NODE_ENV: 'production' });
    assert.equal((await own.post('/api/organizations', { name: 'x' }, { key: null })).status, 401);
    assert.equal((await own.post('/api/keys/generate', { organization_name: 'x' })).status, 401);
  });

  for (const [path, body] of [
    ['/api/organizations', {}],
    ['/api/organizations', { name: '' }],
    ['/api/organizations', { name: 'a\u0000' }],
    ['/api/organizations', { name: 'a', tier: 'gold' }],
    ['/api/organizations', { name: 'a', other: 1 }],
    ['/api/keys/generate', { organization_name: 'a', name: 'b' }],
  ] as const) {
    test(`422: ${path} ${JSON.stringify(body)}`, async () =>
      assert.equal((await admin('POST', path, body)).status, 422));
  }
});
