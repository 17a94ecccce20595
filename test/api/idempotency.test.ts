import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { chosenEngine } from '../support/engine-choice.ts';
import { Receiver } from '../support/receiver.ts';
import { type Answer, eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

describe('Idempotency-Key', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let receiver: Receiver;
  before(async () => {
    service = await startTestService(cleanup);
    receiver = await Receiver.start();
    cleanup.after(() => receiver.stop());
  });

  const send = (path: string, body: unknown, key: string, options: { key?: string | null } = {}): Promise<Answer> =>
    service.post(path, body, { headers: { 'idempotency-key': key }, ...options });

  /** The same again, and it is the same: nothing was made a second time. */
  async function assertMadeOnce(path: string, body: unknown, options: { key?: string | null } = {}): Promise<Answer> {
    const key = `once ${path} ${JSON.stringify(body)}`.slice(0, 255);
    const first = await send(path, body, key, options);
    assert.ok(first.status < 300, `${path}: ${first.text}`);
    assert.equal(first.headers['idempotent-replayed'], undefined);
    const again = await send(path, body, key, options);
    assert.deepEqual([again.status, again.text], [first.status, first.text], path);
    assert.equal(again.headers['idempotent-replayed'], 'true', path);
    assert.equal(again.headers['content-type'], first.headers['content-type'], path);
    const other = await send(path, { ...(body as object), extra: 1 }, key, options);
    // Where an unknown field is refused, that is said first.
    assert.equal(other.status, 422, `${path}: ${other.text}`);
    return first;
  }

  test('every POST that makes or starts something does so once', async () => {
    const event = await service.send('once.event', 1);
    const endpoint = (await assertMadeOnce('/api/endpoints', { url: receiver.url })).json;
    assert.match(endpoint.secret, /^whsec_/);
    const delivery = (await service.post(`/api/events/${event}/replay`)).json;
    assert.equal(delivery.deliveries, 1);
    const { data } = await eventually(async () => {
      const { json } = await service.get(`/api/deliveries?event_id=${event}`);
      assert.equal(json.data[0]?.status, 'delivered');
      return json;
    });
    const erased = await service.get('/api/me');
    const cases: [path: string, body: unknown, options?: { key?: string | null }][] = [
      ['/api/subscriptions', { target_url: receiver.url, event: 'never' }],
      ['/api/webhook/config', { webhook_url: receiver.url }],
      ['/api/inboxes', { name: 'once', notification_url: receiver.url }],
      ['/trigger-inbox/v1/inboxes', { name: 'once-more' }],
      ['/trigger-inbox/api/v1/inboxes', { name: 'once-again' }],
      ['/api/keys', { name: 'once' }],
      ['/api/keys/generate', { name: 'once' }],
      ['/api/keys/generate', { organization_name: 'Once' }, { key: null }],
      ['/api/organizations', { name: 'Once' }, { key: null }],
      [`/api/events/${event}/replay`, undefined],
      ['/api/events/replay', { endpoint_ids: [endpoint.id], type: 'never' }],
      ['/api/deliveries/retry', { status: 'failed', type: 'never' }],
      [`/api/deliveries/${data[0].id}/retry`, undefined],
      [`/api/endpoints/${endpoint.id}/recover`, { since: '2026-01-01T00:00:00Z' }],
      [`/api/endpoints/${endpoint.id}/rotate-secret`, { grace_seconds: 60 }],
      [`/api/endpoints/${endpoint.id}/test`, undefined],
      ['/api/keys/rotate', { grace_seconds: 600 }],
      ['/api/events/erase', { organization_name: erased.json.organization.name, before: '2026-01-01T00:00:00Z' }],
    ];
    const before = receiver.requests.length;
    for (const [path, body, options] of cases) await assertMadeOnce(path, body, options);
    const names = (await service.get('/api/keys')).json.data.map(({ name }: { name: string }) => name);
    assert.equal(names.filter((name: string) => name === 'once').length, 2, 'one by each of the two routes');
    // A replay to two endpoints, a retry and a test.
    await eventually(() => assert.ok(receiver.requests.length >= before + 4));
    assert.equal(receiver.requests.length, before + 4);
  });

  test('what is a repetition is one audit entry', async () => {
    await assertMadeOnce('/api/inboxes', { name: 'audited' });
    const { data } = (await service.get('/api/audit')).json;
    const entries = data.filter(({ target }: { target: string }) => target === 'audited');
    assert.equal(entries.length, 1);
  });

  test('another body, address or parameter under the same key is 422 idempotency_key_reused', async () => {
    assert.equal((await send('/api/inboxes', { name: 'reused' }, 'reused')).status, 201);
    for (const [path, body] of [
      ['/api/inboxes', { name: 'reused-2' }],
      ['/api/inboxes', { name: 'reused', max_leases: 3 }],
      ['/api/keys', { name: 'reused' }],
      ['/api/events/batch', []],
    ] as const) {
      const answer = await send(path, body, 'reused');
      assert.deepEqual([answer.status, answer.json.code], [422, 'idempotency_key_reused'], path);
    }
    const again = await send('/api/inboxes/', { name: 'reused' }, 'reused');
    assert.equal(again.status, 201, 'the same address, with a slash');
  });

  test('many at once: one is made, the others get its answer or 409 with Retry-After', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send('/api/endpoints', { url: receiver.url, event_types: ['never'] }, 'race')),
    );
    const made = new Set<string>();
    for (const answer of answers) {
      assert.ok(answer.status === 201 || answer.status === 409, answer.text);
      if (answer.status === 201) made.add(answer.json.id);
      else assert.ok(Number(answer.headers['retry-after']) >= 1);
    }
    assert.equal(made.size, 1);
    const { json } = await send('/api/endpoints', { url: receiver.url, event_types: ['never'] }, 'race');
    assert.ok(made.has(json.id));
  });

  test('what was refused is not kept: corrected, or sent when it may be, it is made', async () => {
    assert.equal((await send('/api/inboxes', { name: 'no name!' }, 'refused')).status, 422);
    assert.equal((await send('/api/inboxes', { name: 'default' }, 'refused')).status, 409);
    assert.equal((await send('/api/inboxes', { name: 'refused' }, 'refused')).status, 201);
  });

  test('organizations do not meet: the same key is each one’s own', async () => {
    const other = (await service.post('/api/organizations', { name: 'Other' }, { key: null })).json.api_key as string;
    assert.equal((await send('/api/inboxes', { name: 'met' }, 'shared')).status, 201);
    const theirs = await send('/api/inboxes', { name: 'theirs' }, 'shared', { key: other });
    assert.equal(theirs.status, 201, theirs.text);
    for (const key of [service.key, other]) {
      assert.equal((await send('/api/keys/generate', { name: key.slice(0, 9) }, 'generated', { key })).status, 201);
    }
  });

  test('another key of the organization does not read the answer, and makes nothing', async () => {
    const second = (await service.post('/api/keys', { name: 'second' })).json.api_key as string;
    const body = { url: receiver.url, event_types: ['never'] };
    assert.equal((await send('/api/endpoints', body, 'of one key')).status, 201);
    const count = (await service.get('/api/endpoints?limit=1000')).json.data.length;
    const answer = await send('/api/endpoints', body, 'of one key', { key: second });
    assert.deepEqual([answer.status, answer.json.code], [409, 'conflict']);
    assert.equal((await service.get('/api/endpoints?limit=1000')).json.data.length, count);
  });

  test('a key that is no text is 422 and makes nothing', async () => {
    for (const key of ['', 'x'.repeat(256), 'M\xfcller']) {
      const answer = await send('/api/inboxes', { name: 'textless' }, key);
      assert.deepEqual([answer.status, answer.json.errors?.[0]?.path], [422, 'Idempotency-Key'], key);
    }
    assert.equal((await service.get('/api/inboxes/textless')).status, 404);
  });

  test('a batch: the whole has its first answer, and no event is accepted twice', async () => {
    const batch = [
      { type: 'once.batch', data: 1 },
      { type: 'once.batch', data: 1 },
      { type: 'bad type' },
      { type: 'once.batch', data: 2, dedup_id: 'own' },
    ];
    const first = await send('/api/events/batch', batch, 'batch');
    assert.deepEqual([first.json.accepted, first.json.rejected], [3, 1], first.text);
    const again = await send('/api/events/batch', batch, 'batch');
    assert.equal(again.text, first.text);
    const other = await send('/api/events/batch', batch.slice(1), 'batch');
    assert.deepEqual([other.status, other.json.code], [422, 'idempotency_key_reused']);
    await service.recorded(first.json.results[3].id);
    await eventually(async () => {
      assert.equal((await service.get('/api/events?type=once.batch')).json.data.length, 3);
    });
  });

  test('NDJSON: sent again it accepts nothing twice; other lines under the same key are events of their own', async () => {
    const upload = (lines: readonly object[]) =>
      service.post('/api/events/batch', undefined, {
        raw: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
        headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': 'lines' },
      });
    const ids = (answer: Answer) =>
      answer.text
        .trim()
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { id: string }).id);
    const lines = [
      { type: 'once.line', data: 1 },
      { type: 'once.line', data: 1 },
    ];
    const first = await upload(lines);
    assert.match(first.text, /"accepted":2,/);
    const again = await upload(lines);
    assert.match(again.text, /"accepted":0,"duplicates":2/);
    assert.deepEqual(ids(again), ids(first));
    const other = await upload([{ type: 'once.line', data: 3 }, ...lines]);
    assert.match(other.text, /"accepted":2,"duplicates":1/, 'the second line is the same in the same place');
  });

  test('rate-limited items of a batch may come again under the same key', async () => {
    const made = (await service.post('/api/organizations', { name: 'Slow', tier: 'free' }, { key: null })).json;
    const limited = Array.from({ length: 150 }, (_, data) => ({ type: 'once.limited', data }));
    const first = await send('/api/events/batch', limited, 'limited', { key: made.api_key });
    assert.ok(first.json.rejected > 0, first.text);
    const again = await send('/api/events/batch', limited, 'limited', { key: made.api_key });
    assert.equal(again.headers['idempotent-replayed'], undefined);
    assert.ok(again.status === 429 || again.json.duplicates + again.json.rejected > 0);
  });

  test('a kept answer is encrypted: no secret stands in the files', async (t) => {
    if (chosenEngine() !== 'embedded') return t.diagnostic('the same code seals for both engines');
    const { api_key } = (await send('/api/keys', { name: 'sealed' }, 'sealed')).json as { api_key: string };
    for (const name of ['triggers.db', 'triggers.db-wal']) {
      const bytes = await readFile(join(service.dataDir, name));
      assert.equal(bytes.includes(api_key), false, name);
    }
  });
});
