import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const UUIDV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Everything that a parser and printer would change. */
const TRICKY =
  '{ "n":12345678901234567890, "z":1,"a":1e400,  "b":-0,"c":1E+2,"s":"\\u0000\\ud800\\u00e9\\/ ü","__proto__":{"x":1} }';

describe('events', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  test("SEED.md's curl is accepted, with its id, its time and how long it took", async () => {
    const answer = await service.post('/api/events', { type: 'test.manual', data: { message: 'test' } });
    assert.equal(answer.status, 202);
    assert.deepEqual(Object.keys(answer.json), ['id', 'type', 'status', 'created_at']);
    assert.match(answer.json.id, UUIDV7);
    assert.equal(answer.json.status, 'accepted');
    assert.match(String(answer.headers['x-response-time']), /^\d+\.\d\dms$/);
    assert.ok(answer.headers['x-request-id']);
  });

  test('what was sent is read back byte for byte, also as payload', async () => {
    for (const name of ['data', 'payload']) {
      const sent = await service.post('/api/events', undefined, { raw: `{"type":"a.b","${name}": ${TRICKY} }` });
      assert.equal(sent.status, 202, sent.text);
      await service.recorded(sent.json.id);
      const read = await service.get(`/api/events/${sent.json.id}`);
      assert.equal(read.status, 200);
      assert.ok(read.text.includes(`"data":${TRICKY},"deliveries":[]`), read.text);
    }
    assert.equal(({} as { x?: number }).x, undefined);
  });

  test('the same dedup_id again answers with the first event, whichever way it is given', async () => {
    const first = await service.post('/api/events', { type: 'a', data: 1, dedup_id: 'o-1' });
    const second = await service.post('/api/events', { type: 'a', data: 2, dedup_id: 'o-1' });
    const third = await service.post('/api/events', { type: 'a', data: 3 }, { headers: { 'idempotency-key': 'o-1' } });
    assert.equal(first.status, 202);
    for (const again of [second, third]) {
      assert.equal(again.status, 200);
      assert.equal(again.json.status, 'duplicate');
      assert.equal(again.json.id, first.json.id);
      assert.equal(again.json.created_at, first.json.created_at);
    }
    await service.recorded(first.json.id);
    const read = await service.get(`/api/events/${first.json.id}`);
    assert.equal(read.json.data, 1);
  });

  test('200 requests with one dedup_id at once make one event', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => service.post('/api/events', { type: 'race', data: i, dedup_id: 'race-1' })),
    );
    const accepted = answers.filter(({ status }) => status === 202);
    assert.equal(accepted.length, 1);
    assert.ok(answers.every(({ json }) => json.id === accepted[0]?.json.id));
    await service.recorded(accepted[0]?.json.id);
    const listed = await service.get('/api/events?type=race');
    assert.equal(listed.json.data.length, 1);
  });

  test('a request that was refused leaves no dedup mark', async () => {
    const refused = await service.post('/api/events', { type: 'no spaces please', data: 1, dedup_id: 'later' });
    assert.equal(refused.status, 422);
    const sent = await service.post('/api/events', { type: 'ok', data: 1, dedup_id: 'later' });
    assert.equal(sent.status, 202);
  });

  test('lists are newest first, page by page, without gaps or repeats', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.unshift(await service.send('paged', i));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const path: string = `/api/events?type=paged&limit=3${cursor === null ? '' : `&cursor=${cursor}`}`;
      const page = await service.get(path);
      assert.equal(page.status, 200, page.text);
      seen.push(...page.json.data.map(({ id }: { id: string }) => id));
      cursor = page.json.next_cursor;
    } while (cursor !== null);
    assert.deepEqual(seen, ids);
  });

  test('from and to bound a list by time', async () => {
    const id = await service.send('timed', 1);
    const { created_at: at } = (await service.get(`/api/events/${id}`)).json;
    const after = new Date(Date.parse(at) + 1).toISOString();
    assert.equal((await service.get(`/api/events?type=timed&from=${at}&to=${after}`)).json.data.length, 1);
    assert.equal((await service.get(`/api/events?type=timed&to=${at}`)).json.data.length, 0);
    assert.equal((await service.get(`/api/events?type=timed&from=${after}`)).json.data.length, 0);
  });

  test('a loop through our own webhooks ends', async () => {
    const body = { type: 'a', data: 1 };
    const tenth = await service.post('/api/events', body, { headers: { 'x-triggers-hops': '10' } });
    assert.equal(tenth.status, 202);
    const eleventh = await service.post('/api/events', body, { headers: { 'x-triggers-hops': '11' } });
    assert.equal(eleventh.status, 422);
    assert.equal(eleventh.json.code, 'loop_detected');
  });

  test('deliver_at is visible at once and delivered then', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const created = await service.post('/api/endpoints', { url: receiver.url, event_types: ['later'] });
    assert.equal(created.status, 201, created.text);
    const at = Date.now() + 2_000;
    const id = await service.send('later', 1, { deliver_at: new Date(at).toISOString() });
    const read = await service.get(`/api/events/${id}`);
    assert.equal(read.json.deliveries[0].status, 'pending');
    assert.equal(Date.parse(read.json.deliveries[0].next_attempt_at), at);
    await receiver.waitFor(1);
    assert.ok(Date.now() >= at);
    await eventually(async () => {
      const now = await service.get(`/api/events/${id}`);
      assert.equal(now.json.deliveries[0].status, 'delivered');
    });
  });

  test('deliver_at of any time that was is now', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    await service.post('/api/endpoints', { url: receiver.url, event_types: ['long.ago'] });
    const times = [
      '2020-01-01T00:00:00Z',
      '1969-12-31T23:59:59.999Z',
      '1900-01-01T00:00Z',
      '0000-01-01T00:00:00+14:00',
    ];
    const ids = [];
    for (const time of times) ids.push(await service.send('long.ago', 1, { deliver_at: time }));
    await receiver.waitFor(times.length);
    for (const id of ids) assert.equal((await service.get(`/api/events/${id}`)).json.deliveries.length, 1);
    assert.equal((await service.get('/api/events?type=long.ago')).json.data.length, times.length);
  });

  test('an event is shown with all of its deliveries, oldest first, read in pieces', async () => {
    const made = await service.post(
      '/api/keys/generate',
      { organization_name: 'Many', tier: 'unlimited' },
      { key: null },
    );
    const key = made.json.api_key as string;
    const endpoints = 250;
    for (let n = 0; n < endpoints; n++) {
      const body = { url: `https://example.com/${n}`, event_types: ['many'], enabled: false };
      assert.equal((await service.post('/api/endpoints', body, { key })).status, 201);
    }
    const { id } = (await service.post('/api/events', { type: 'many', data: 1 }, { key })).json;
    const deliveries = await eventually(async () => {
      const shown = (await service.get(`/api/events/${id}`, { key })).json.deliveries;
      assert.equal(shown?.length, endpoints);
      return shown as { id: string; endpoint_id: string }[];
    });
    const ids = deliveries.map((delivery) => delivery.id);
    assert.deepEqual(ids, ids.toSorted());
    assert.equal(new Set(deliveries.map((delivery) => delivery.endpoint_id)).size, endpoints);
    const trace = (await service.get(`/api/events/${id}/trace`, { key })).json;
    assert.equal(
      trace.endpoints.flatMap((endpoint: { deliveries: object[] }) => endpoint.deliveries).length,
      endpoints,
    );
  });
});
