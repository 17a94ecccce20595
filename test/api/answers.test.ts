import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { MAX_ANSWER_BYTES_OF_ORGANIZATION, MAX_PAGE_BYTES, READ_PIECE_ROWS } from '../../src/core/limits.ts';
import { Client, eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const DATA_BYTES = 250_000;
/** Two pages of 8 MB and a bit. */
const EVENTS = 2 * Math.ceil(MAX_PAGE_BYTES / DATA_BYTES) + 3;
const FIT = Math.ceil(MAX_PAGE_BYTES / DATA_BYTES);

describe('answers bounded by bytes', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let other: Client;
  const ids: string[] = [];
  before(async () => {
    service = await startTestService(cleanup);
    const made = await service.post(
      '/api/keys/generate',
      { organization_name: 'Other', tier: 'unlimited' },
      { key: null },
    );
    other = new Client(service.url, made.json.api_key);
    cleanup.after(() => other.close());
    const item = { type: 'answers.large', data: 'x'.repeat(DATA_BYTES - 2) };
    for (let left = EVENTS; left > 0; left -= 40) {
      const answer = await service.post(
        '/api/events/batch',
        Array.from({ length: Math.min(left, 40) }, () => item),
      );
      ids.push(...answer.json.results.map(({ id }: { id: string }) => id));
    }
    assert.equal((await other.post('/api/events', item)).status, 202);
    await service.recorded(ids.at(-1) ?? '');
  });

  const lists: [
    string,
    (page: { data?: { id: string }[]; results?: { id: string }[] }) => { id: string }[],
    boolean,
  ][] = [
    ['/api/events?limit=1000', (page) => page.data ?? [], false],
    ['/api/events?limit=1000&type=answers.large', (page) => page.data ?? [], false],
    ['/api/inbox?limit=1000', (page) => page.data ?? [], true],
    ['/api/inbox?limit=1000&status=all', (page) => page.data ?? [], true],
    ['/trigger-inbox/v1/inboxes/default/messages', (page) => page.results ?? [], true],
  ];
  for (const [path, rowsOf, isOldestFirst] of lists) {
    test(`pages of 8 MB, each row once: ${path}`, async () => {
      const seen: string[] = [];
      const sizes: number[] = [];
      for (let next: string | null = path; next !== null; ) {
        const answer = await service.get(next);
        assert.equal(answer.status, 200, answer.text.slice(0, 300));
        assert.ok(answer.text.length < MAX_PAGE_BYTES + DATA_BYTES + 50_000, `${answer.text.length}`);
        const rows = rowsOf(answer.json);
        seen.push(...rows.map(({ id }) => id));
        sizes.push(rows.length);
        const { next_cursor, next: nextPath } = answer.json;
        if (nextPath !== undefined) next = nextPath;
        else next = next_cursor === null ? null : `${path}&cursor=${encodeURIComponent(next_cursor)}`;
      }
      assert.deepEqual(sizes, [FIT, FIT, EVENTS - 2 * FIT]);
      assert.deepEqual(seen, isOldestFirst ? ids : [...ids].reverse());
    });
  }

  test('a lease of 1,000 has what comes to 8 MB, and the next one the rest', async () => {
    const leased: string[] = [];
    for (const expected of [FIT, FIT, EVENTS - 2 * FIT]) {
      const { json } = await service.post('/api/inbox/lease', { lease_limit: 1_000 });
      assert.equal(json.data.length, expected);
      assert.ok(json.data.every(({ lease_count }: { lease_count: number }) => lease_count === 1));
      leased.push(...json.data.map(({ id }: { id: string }) => id));
    }
    assert.deepEqual(leased, ids);
    assert.equal((await service.post('/api/inbox/lease', { lease_limit: 1_000 })).json.lease_id, null);
  });

  test('answers that nobody reads: beyond the budget of the organization 503, another one is served', async () => {
    const { hostname, port } = new URL(service.url);
    const sockets = Array.from({ length: MAX_ANSWER_BYTES_OF_ORGANIZATION / MAX_PAGE_BYTES + 4 }, () => {
      const socket = connect(Number(port), hostname).on('error', () => {});
      socket.pause();
      socket.write(`GET /api/events?limit=1000 HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${service.key}\r\n\r\n`);
      return socket;
    });
    const refused = await eventually(async () => {
      const answer = await service.get('/api/events?limit=1000');
      assert.equal(answer.status, 503);
      return answer;
    });
    assert.equal(refused.json.code, 'unavailable');
    assert.equal(refused.headers['retry-after'], '1');
    assert.match(String(refused.headers['content-type']), /^application\/problem\+json/);
    assert.equal((await service.post('/api/events', { type: 'small', data: 1 })).status, 202);
    assert.equal((await other.get('/api/events?limit=1000')).status, 200);
    for (const socket of sockets) socket.destroy();
    await eventually(async () => assert.equal((await service.get('/api/events?limit=1000')).status, 200));
  });

  test('an export gives way to everything else, and has every event once', async () => {
    const count = 8 * READ_PIECE_ROWS + 7;
    for (let sent = 0; sent < count; sent += 1_000) {
      const items = Array.from({ length: Math.min(1_000, count - sent) }, (_, n) => ({
        type: 'answers.many',
        data: sent + n,
      }));
      const answer = await other.post('/api/events/batch', items);
      assert.equal(answer.json.accepted, items.length);
      await other.recorded(answer.json.results.at(-1).id);
    }
    let turns = 0;
    let counting = true;
    const countTurns = () => {
      turns++;
      if (counting) setImmediate(countTurns);
    };
    setImmediate(countTurns);
    const lines = (await other.get('/api/events/export?type=answers.many')).text.trimEnd().split('\n');
    counting = false;
    assert.equal(new Set(lines.map((line) => JSON.parse(line).data)).size, count);
    assert.ok(turns >= 8, `${turns} turns of the loop`);
  });

  test('an answer in pieces is whole, whatever characters stand where a piece ends', async () => {
    // Two code units each, behind an odd or even number of others.
    const texts = [0, 1, 2, 3].map((n) => `${'x'.repeat(n)}${'😀'.repeat(60_000)}`);
    for (const data of texts)
      assert.equal((await other.post('/api/events', { type: 'answers.odd', data })).status, 202);
    const list = () => other.get('/api/events?type=answers.odd&limit=10');
    const answer = await eventually(async () => {
      const found = await list();
      assert.equal(found.json.data.length, texts.length);
      return found;
    });
    assert.deepEqual(
      answer.json.data.map(({ data }: { data: string }) => data),
      texts.toReversed(),
    );
    assert.equal(Number(answer.headers['content-length']), Buffer.byteLength(answer.text));
  });
});
