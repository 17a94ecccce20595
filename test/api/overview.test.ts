import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

describe('what there is, and how it does', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  test('event types, in order, a page at a time, each with its count and last time', async () => {
    const types = ['b.two', 'a.one', 'B.upper', 'c.three', 'a.one.more'];
    for (const [n, type] of types.entries()) for (let sent = 0; sent <= n; sent++) await service.send(type, sent);
    const items = Array.from({ length: 1_000 }, () => '{"type":"many","data":1}');
    for (const _ of [1, 2]) await service.call('POST', '/api/events/batch', { raw: `[${items.join(',')}]` });
    const all = await eventually(async () => {
      const { data, next_cursor } = (await service.get('/api/event-types')).json;
      assert.equal(data.find(({ type }: { type: string }) => type === 'many')?.more, true);
      assert.equal(next_cursor, null);
      return data;
    });
    assert.deepEqual(
      all.map(({ type, events, more }: { type: string; events: number; more: boolean }) => [type, events, more]),
      [
        ['B.upper', 3, false],
        ['a.one', 2, false],
        ['a.one.more', 5, false],
        ['b.two', 1, false],
        ['c.three', 4, false],
        ['many', 1_000, true],
      ],
    );
    const [last] = (await service.get('/api/events?type=a.one')).json.data;
    assert.equal(all[1].last_at, last.created_at);
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { data: { type: string }[]; next_cursor: string | null } = (
        await service.get(`/api/event-types?limit=4${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
      ).json;
      paged.push(...page.data.map(({ type }) => type));
      cursor = page.next_cursor;
    }
    assert.deepEqual(
      paged,
      all.map(({ type }: { type: string }) => type),
    );
    assert.equal((await service.get('/api/event-types?cursor=x')).status, 400);
  });

  test('how an endpoint does', async (context) => {
    const receiver = await Receiver.start((got, response) => {
      response.writeHead(JSON.parse(got.body.toString()).data === 'bad' ? 500 : 200).end();
    });
    context.after(() => receiver.stop());
    const body = { url: receiver.url, event_types: ['stat'], max_attempts: 1 };
    const { id } = (await service.post('/api/endpoints', body)).json;
    const empty = (await service.get(`/api/endpoints/${id}/stats`)).json;
    assert.deepEqual([empty.deliveries, empty.success_rate, empty.last_error], [0, null, null]);
    for (const data of ['good', 'good', 'good', 'bad']) await service.send('stat', data);
    await eventually(async () => {
      const { deliveries, by_status, success_rate, last_error, attempts } = (
        await service.get(`/api/endpoints/${id}/stats`)
      ).json;
      assert.deepEqual([deliveries, by_status.delivered, by_status.failed, attempts], [4, 3, 1, 4]);
      assert.equal(success_rate, 0.75);
      assert.equal(last_error, 'status');
    });
    const { json } = await service.get(`/api/endpoints/${id}/stats`);
    assert.equal(json.recent_attempts.length, 4);
    assert.deepEqual(
      json.last_errors.map(({ error, status_code }: { error: string; status_code: number }) => [error, status_code]),
      [['status', 500]],
    );
    assert.ok(json.latency.p50_ms > 0 && json.latency.p50_ms <= json.latency.p99_ms);
    assert.equal(json.breaker, 'closed');
    assert.equal((await service.get(`/api/endpoints/${randomUUID()}/stats`)).status, 404);
  });

  test('the breaker as its attempts show it: open after ten failures in a row, closed by a success or a change', async (context) => {
    let status = 500;
    const receiver = await Receiver.start((_got, response) => void response.writeHead(status).end());
    context.after(() => receiver.stop());
    const body = { url: receiver.url, event_types: ['breaks'], max_attempts: 1, max_concurrency: 1 };
    const { id } = (await service.post('/api/endpoints', body)).json;
    const stats = async () => (await service.get(`/api/endpoints/${id}/stats`)).json;
    for (let n = 0; n < 11; n++) await service.send('breaks', n);
    await eventually(async () => {
      const { breaker, failures_in_row } = await stats();
      assert.deepEqual([breaker, failures_in_row], ['open', 10]);
    });
    status = 200;
    // It rests for a second, then the eleventh goes through.
    await eventually(async () => {
      const { breaker, failures_in_row } = await stats();
      assert.deepEqual([breaker, failures_in_row], ['closed', 0]);
    });
  });
});
