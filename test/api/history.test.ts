import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { Receiver } from '../support/receiver.ts';
import { type Answer, eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const ADMIN = 'an-admin-token-of-the-test';

describe('history: exports, erasure, the audit log', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { ADMIN_TOKEN: ADMIN, WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' });
  });

  const admin = (method: string, path: string, body?: unknown) =>
    service.call(method, path, {
      key: null,
      headers: { authorization: `Bearer ${ADMIN}` },
      ...(body === undefined ? {} : { body }),
    });

  async function organization(name = 'Acme') {
    const made = await admin('POST', '/api/organizations', { name, tier: 'unlimited' });
    assert.equal(made.status, 201, made.text);
    return { id: made.json.organization.id as string, key: made.json.api_key as string };
  }

  async function send(key: string, body: object): Promise<string> {
    const sent = await service.post('/api/events', body, { key });
    assert.equal(sent.status, 202, sent.text);
    await eventually(async () => assert.equal((await service.get(`/api/events/${sent.json.id}`, { key })).status, 200));
    return sent.json.id;
  }

  test('exports as NDJSON: a line an event, newest first, data byte for byte but for line breaks', async () => {
    const { key } = await organization();
    const ids: string[] = [];
    for (let n = 0; n < 120; n++)
      ids.push((await service.post('/api/events', { type: 'many', data: n }, { key })).json.id);
    const odd = await service.call('POST', '/api/events', {
      key,
      headers: { 'content-type': 'application/json' },
      raw: '{"type":"odd","data":{"big":12345678901234567890,\n "text":"\\u0000\\n"}}',
    });
    assert.equal(odd.status, 202, odd.text);
    await eventually(async () => {
      const got = await service.get('/api/events/export', { key });
      assert.match(String(got.headers['content-type']), /^application\/x-ndjson/);
      const lines = got.text.trimEnd().split('\n');
      assert.equal(lines.length, 121);
      assert.ok(lines[0]?.includes('"data":{"big":12345678901234567890,  "text":"\\u0000\\n"}'), lines[0]);
      assert.deepEqual(
        lines.slice(1).map((line) => JSON.parse(line).id),
        ids.toReversed(),
      );
    });
    const some = await service.get('/api/events/export?type=odd', { key });
    assert.equal(some.text.trimEnd().split('\n').length, 1);
    assert.equal((await service.get('/api/events/export?to=2020-01-01T00:00:00Z', { key })).text, '');
    assert.equal((await service.get('/api/events/export?format=xml', { key })).status, 422);
  });

  test('exports as CSV that no spreadsheet runs', async () => {
    const { key } = await organization();
    const id = await send(key, { type: 'a.b', data: { say: '"hi", he said' }, dedup_id: '=1+1', ordering_key: '-2' });
    const got = await service.get('/api/events/export?format=csv', { key });
    assert.match(String(got.headers['content-type']), /^text\/csv/);
    assert.match(String(got.headers['content-disposition']), /attachment; filename="events.csv"/);
    const [head, line, rest] = got.text.split('\r\n');
    assert.equal(head, '"id","type","created_at","dedup_id","ordering_key","deliver_at","data"');
    const [before, after] = [`"${id}","a.b","`, `","'=1+1","'-2","","{""say"":""\\""hi\\"", he said""}"`];
    assert.ok(line?.startsWith(before) && line.endsWith(after), line);
    assert.equal(rest, '');
  });

  test('erases one event, with what waits of it', async () => {
    const { key } = await organization();
    const receiver = await Receiver.start((_got, response) => void response.writeHead(500).end());
    cleanup.after(() => receiver.stop());
    const endpoint = await service.post('/api/endpoints', { url: receiver.url }, { key });
    assert.equal(endpoint.status, 201, endpoint.text);
    const [gone, kept] = [await send(key, { type: 't', data: 1 }), await send(key, { type: 't', data: 2 })];
    await eventually(() => assert.equal(receiver.requests.length, 2));
    assert.equal((await service.call('DELETE', `/api/events/${gone}`, { key })).status, 204);
    assert.equal((await service.get(`/api/events/${gone}`, { key })).status, 404);
    assert.equal((await service.call('DELETE', `/api/events/${gone}`, { key })).status, 404);
    const { data } = (await service.get('/api/deliveries', { key })).json;
    assert.deepEqual(
      data.map(({ event_id }: { event_id: string }) => event_id),
      [kept],
    );
    const stranger = await organization();
    assert.equal((await service.call('DELETE', `/api/events/${kept}`, { key: stranger.key })).status, 404);
    const inbox = (await service.get('/api/inbox', { key })).json.data;
    assert.deepEqual(
      inbox.map(({ id }: { id: string }) => id),
      [kept],
    );
  });

  test('erases all events when the name of the organization is given, and later ones stay', async () => {
    const { key } = await organization('Żółć');
    for (let n = 0; n < 3; n++) await send(key, { type: 't', data: n });
    const refused = await service.post('/api/events/erase', { organization_name: 'Acme' }, { key });
    assert.deepEqual([refused.status, refused.json.errors[0].path], [422, 'organization_name']);
    const asked = await service.post('/api/events/erase', { organization_name: 'Żółć' }, { key });
    assert.equal(asked.status, 202, asked.text);
    const later = await send(key, { type: 'later', data: 1 });
    await eventually(async () => {
      const { data } = (await service.get('/api/events', { key })).json;
      assert.deepEqual(
        data.map(({ id }: { id: string }) => id),
        [later],
      );
    });
  });

  test('keeps an organization’s events for less long than others’, never for longer', async () => {
    const { id } = await organization();
    const changed = await admin('PATCH', `/api/organizations/${id}`, { retention_days: 7 });
    assert.deepEqual([changed.status, changed.json.retention_days], [200, 7]);
    assert.equal((await admin('GET', `/api/organizations/${id}`)).json.retention_days, 7);
    const tooLong = await admin('PATCH', `/api/organizations/${id}`, { retention_days: 31 });
    assert.deepEqual([tooLong.status, tooLong.json.errors[0].path], [422, 'retention_days']);
    assert.equal(
      (await admin('PATCH', `/api/organizations/${id}`, { retention_days: null })).json.retention_days,
      null,
    );
  });

  test('deletes an organization: its keys are refused at once', async () => {
    const { id, key } = await organization();
    await send(key, { type: 't', data: 1 });
    assert.equal((await admin('DELETE', `/api/organizations/${id}`)).status, 204);
    await eventually(async () => assert.equal((await service.get('/api/me', { key })).status, 401));
    assert.equal((await admin('GET', `/api/organizations/${id}`)).status, 404);
    assert.equal((await admin('DELETE', `/api/organizations/${id}`)).status, 404);
    assert.equal((await admin('DELETE', `/api/organizations/${randomUUID()}`)).status, 404);
  });

  test('tells who changed what, and never what was in it', async () => {
    const { id, key } = await organization();
    const endpoint = await service.post('/api/endpoints', { url: 'http://127.0.0.1:9/secret-path' }, { key });
    await service.call('PATCH', `/api/endpoints/${endpoint.json.id}`, { key, body: { enabled: false } });
    await service.get(`/api/endpoints/${endpoint.json.id}/secret`, { key });
    await service.call('PATCH', '/api/endpoints/nothing', { key, body: { enabled: false } });
    await admin('PATCH', `/api/organizations/${id}`, { tier: 'pro' });
    await service.post('/api/inboxes', { name: 'audited' }, { key });
    const page = await service.get('/api/audit?limit=4', { key });
    assert.deepEqual(
      page.json.data.map(({ action, target, fields, actor }: Record<string, unknown>) => [
        action,
        target,
        fields,
        actor,
      ]),
      [
        ['inbox.created', 'audited', ['name'], actorOf(page)],
        ['organization.changed', id, ['tier'], { kind: 'administrator' }],
        ['endpoint.secret_shown', endpoint.json.id, [], actorOf(page)],
        ['endpoint.changed', endpoint.json.id, ['enabled'], actorOf(page)],
      ],
    );
    const rest = await service.get(`/api/audit?limit=4&cursor=${page.json.next_cursor}`, { key });
    assert.deepEqual(
      rest.json.data.map(({ action }: { action: string }) => action),
      ['endpoint.created', 'organization.created'],
    );
    assert.equal(rest.json.next_cursor, null);
    assert.ok(!page.text.includes('secret-path') && !rest.text.includes('secret-path'));
    const stranger = await organization();
    const theirs = (await service.get('/api/audit', { key: stranger.key })).json.data;
    assert.deepEqual(
      theirs.map(({ action }: { action: string }) => action),
      ['organization.created'],
    );
  });

  test('a key that makes a key is the one who did it, on both routes', async () => {
    const { key } = await organization();
    const me = (await service.get('/api/me', { key })).json.key;
    for (const route of ['/api/keys', '/api/keys/generate']) {
      const made = await service.post(route, { name: 'another' }, { key });
      assert.equal(made.status, 201, made.text);
      const [entry] = (await service.get('/api/audit', { key })).json.data;
      assert.deepEqual([entry.action, entry.actor.key_id ?? entry.actor.id], ['key.created', me.id], route);
    }
  });
});

function actorOf(page: Answer): unknown {
  return page.json.data.find(({ actor }: { actor: { kind: string } }) => actor.kind === 'key').actor;
}
