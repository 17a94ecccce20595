import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SystemClock } from '../../src/app/clock.ts';
import { SILENT_LOG } from '../../src/app/logging/log.ts';
import { openEngine } from '../../src/app/open-engine.ts';
import { readSettings } from '../../src/app/settings/settings.ts';
import { SCOPES } from '../../src/core/administration/organization.ts';
import type { KeyId, OrganizationId } from '../../src/core/ids.ts';
import { hashKey } from '../../src/pipeline/access/authenticator.ts';
import { engineEnvironment } from '../support/engine-choice.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FREE_KEY = 'free-key-of-the-test';

/** There is no route for it yet: an organization of a limited tier, put into the folder before the service starts. */
async function addFreeOrganization(dataDir: string): Promise<void> {
  const settings = readSettings({ ...(await engineEnvironment(dataDir)), DATA_DIR: dataDir });
  assert.ok(!('problems' in settings));
  const onFatal = (error: unknown) => assert.fail(String(error));
  const { engine, ids } = await openEngine({ settings, log: SILENT_LOG, clock: new SystemClock(), onFatal });
  const organizationId = ids.next<OrganizationId>();
  const createdAt = engine.clock.now();
  await engine.store.organizations.create(
    { id: organizationId, name: 'Free', tier: 'free', createdAt },
    {
      id: ids.next<KeyId>(),
      organizationId,
      name: 'test',
      prefix: FREE_KEY.slice(0, 8),
      sha256: hashKey(FREE_KEY),
      createdAt,
      expiresAt: null,
      scopes: SCOPES,
      lastUsedAt: null,
    },
  );
  await engine.close();
}

describe('limits', () => {
  test('429: a bucket holds a minute’s worth, refused requests cost too, and another organization is untouched', async (context) => {
    const dataDir = temporaryFolder(context);
    await addFreeOrganization(dataDir);
    const service = await startTestService(context, { DATA_DIR: dataDir, RATE_LIMIT_FREE: '3' });
    const send = (type: string, dedup_id?: string) =>
      service.post('/api/events', { type, data: 1, dedup_id }, { key: FREE_KEY });
    const first = await send('a');
    assert.equal(first.status, 202);
    assert.equal(first.headers['ratelimit-limit'], '3');
    assert.equal(first.headers['ratelimit-remaining'], '2');
    assert.ok(Number(first.headers['ratelimit-reset']) >= 1);
    assert.equal((await send('not a type')).status, 422);
    assert.equal((await send('b')).status, 202);
    const refused = await send('c', 'later');
    assert.equal(refused.status, 429);
    assert.equal(refused.json.code, 'rate_limited');
    assert.equal(refused.headers['ratelimit-remaining'], '0');
    const retryAfter = Number(refused.headers['retry-after']);
    assert.ok(retryAfter >= 1 && retryAfter <= 20, String(retryAfter));
    await eventually(async () => {
      assert.equal((await service.get('/api/events', { key: FREE_KEY })).json.data.length, 2);
    });
    assert.equal((await service.get('/api/me', { key: FREE_KEY })).json.rate_limit_per_minute, 3);
    assert.equal((await service.post('/api/events', { type: 'a', data: 1 })).status, 202);
  });

  test('429: what makes us send costs tokens as events do', async (context) => {
    const dataDir = temporaryFolder(context);
    await addFreeOrganization(dataDir);
    const receiver = await Receiver.start((_got, response) => void response.writeHead(200).end());
    context.after(() => receiver.stop());
    const service = await startTestService(context, { DATA_DIR: dataDir, RATE_LIMIT_FREE: '5' });
    const post = (path: string, body?: unknown) => service.post(path, body, { key: FREE_KEY });
    const { id: endpoint } = (await post('/api/endpoints', { url: receiver.url })).json;
    const { id: event } = (await post('/api/events', { type: 'sent', data: 1 })).json;
    const [delivery] = await eventually(async () => {
      const { data } = (await service.get('/api/deliveries?status=delivered', { key: FREE_KEY })).json;
      assert.equal(data.length, 1);
      return data;
    });
    assert.equal((await post(`/api/events/${event}/replay`)).status, 202);
    assert.equal((await post(`/api/deliveries/${delivery.id}/retry`)).status, 202);
    assert.equal((await post(`/api/endpoints/${endpoint}/test`)).status, 200);
    const last = await post(`/api/endpoints/${endpoint}/test`);
    assert.equal(last.headers['ratelimit-remaining'], '0');
    const before = receiver.requests.length;
    const since = new Date(Date.now() - 1_000).toISOString();
    const asked: [string, unknown][] = [
      [`/api/endpoints/${endpoint}/test`, undefined],
      [`/api/events/${event}/replay`, undefined],
      [`/api/deliveries/${delivery.id}/retry`, undefined],
      ['/api/deliveries/retry', { status: 'failed' }],
      [`/api/endpoints/${endpoint}/recover`, { since }],
      ['/api/events/replay', { endpoint_ids: [endpoint] }],
    ];
    for (const [path, body] of asked) {
      const refused = await post(path, body);
      assert.equal(refused.status, 429, `${path} ${refused.text}`);
      assert.ok(Number(refused.headers['retry-after']) >= 1);
    }
    assert.ok(receiver.requests.length <= before + 2, 'a replay and a retry may have been on their way');
    const dry = await post('/api/events/replay', { endpoint_ids: [endpoint], dry_run: true });
    assert.equal(dry.status, 200, 'counting sends nothing');
  });

  test('one organization sees nothing of another’s: 404, exactly as for what never was', async (context) => {
    const dataDir = temporaryFolder(context);
    await addFreeOrganization(dataDir);
    const service = await startTestService(context, { DATA_DIR: dataDir });
    const event = await service.send('secret', 1);
    const { id: endpoint } = (await service.post('/api/endpoints', { url: 'http://127.0.0.1:9/' })).json;
    await service.send('secret', 2);
    const [delivery] = (await service.get('/api/deliveries')).json.data;
    const never = '0190c0de-0000-7000-8000-000000000000';
    const asked: [string, (id: string) => string, string][] = [
      ['GET', (id) => `/api/events/${id}`, event],
      ['GET', (id) => `/api/endpoints/${id}`, endpoint],
      ['GET', (id) => `/api/endpoints/${id}/secret`, endpoint],
      ['DELETE', (id) => `/api/endpoints/${id}`, endpoint],
      ['GET', (id) => `/api/deliveries/${id}`, delivery.id],
      ['POST', (id) => `/api/ack/${id}`, event],
    ];
    for (const [method, path, id] of asked) {
      const foreign = await service.call(method, path(id), { key: FREE_KEY });
      const unknown = await service.call(method, path(never), { key: FREE_KEY });
      assert.equal(foreign.status, 404, `${method} ${path(id)}`);
      const withoutId = ({ text }: { text: string }) => text.replace(/"request_id":"[^"]*"/, '');
      assert.equal(withoutId(foreign), withoutId(unknown));
    }
    for (const list of ['events', 'endpoints', 'deliveries', 'inbox']) {
      assert.deepEqual((await service.get(`/api/${list}`, { key: FREE_KEY })).json.data, []);
    }
    const acked = await service.post('/api/inbox/ack', { event_ids: [event] }, { key: FREE_KEY });
    assert.deepEqual(acked.json, { acknowledged: 0, not_found: [event], stale: [] });
    assert.equal((await service.get('/api/webhook/config', { key: FREE_KEY })).status, 404);
    assert.equal((await service.get(`/api/endpoints/${endpoint}`)).status, 200);
  });

  test('503 backlog_full at the bound, nothing of the event is there, and over when there is room again', async (context) => {
    const service = await startTestService(context, { MAX_BACKLOG: '2' });
    const { id } = (await service.post('/api/endpoints', { url: 'http://127.0.0.1:9/', enabled: false })).json;
    await service.send('held', 1);
    await service.send('held', 2);
    const full = await service.post('/api/events', { type: 'held', data: 3, dedup_id: 'third' });
    assert.equal(full.status, 503);
    assert.equal(full.json.code, 'backlog_full');
    assert.ok(Number(full.headers['retry-after']) >= 1);
    assert.equal((await service.get('/api/events?type=held')).json.data.length, 2);
    await service.call('DELETE', `/api/endpoints/${id}`);
    await eventually(async () => {
      const again = await service.post('/api/events', { type: 'held', data: 3, dedup_id: 'third' });
      assert.equal(again.status, 202);
    });
  });

  test('a batch takes the tokens that are there, a token an item; the rest is rejected', async (context) => {
    const dataDir = temporaryFolder(context);
    await addFreeOrganization(dataDir);
    const service = await startTestService(context, { DATA_DIR: dataDir, RATE_LIMIT_FREE: '6' });
    const items = Array.from({ length: 4 }, (_, n) => `{"type":"paid","data":${n}}`);
    const send = (raw: string, type: string) =>
      service.call('POST', '/api/events/batch', { raw, key: FREE_KEY, headers: { 'content-type': type } });
    const first = await send(`[${items.join(',')}]`, 'application/json');
    assert.equal(first.json.accepted, 4, first.text);
    assert.equal(first.headers['ratelimit-remaining'], '2');
    const second = (await send(items.join('\n'), 'application/x-ndjson')).text.trimEnd().split('\n');
    const codes = second.map((line) => JSON.parse(line).error?.code);
    assert.deepEqual(codes, [undefined, undefined, 'rate_limited', 'rate_limited', undefined]);
    assert.deepEqual(JSON.parse(second.at(-1) ?? ''), { accepted: 2, duplicates: 0, rejected: 2 });
  });
});
