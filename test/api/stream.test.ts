import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import type { Log } from '../../src/ports/observability/log.ts';
import { engineEnvironment } from '../support/engine-choice.ts';
import { HANG_MS } from '../support/hang.ts';
import { addOrganization } from '../support/organizations.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ODD_DATA =
  '{"n":12345678901234567890, "z" :1,\t"a":1e400,"b":-0,"c":1E+2,\n\n"s":"\\u0000\\ud800é\\/😀",\n "a":[ ] }';

describe('live tail', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let otherKey: string;
  const lines: string[] = [];

  before(async () => {
    const dataDir = temporaryFolder(cleanup);
    const env = { ...(await engineEnvironment(dataDir)), DATA_DIR: dataDir };
    otherKey = await addOrganization(env);
    service = await startTestService(cleanup, { DATA_DIR: dataDir }, listeningLog(lines));
  });

  async function open(
    context: TestContext,
    options: { query?: string; key?: string; lastEventId?: string; reads?: boolean } = {},
  ): Promise<StreamReader> {
    const reader = await StreamReader.open(service.url, { key: service.key, ...options });
    context.after(() => reader.close());
    return reader;
  }

  const send = async (type: string, data: unknown = 1, key = service.key): Promise<string> => {
    const answer = await service.post('/api/events', { type, data }, { key });
    assert.equal(answer.status, 202, answer.text);
    return answer.json.id;
  };

  test('an event is shown as the API shows it, `data` byte for byte, with its id to resume at', async (context) => {
    const reader = await open(context);
    assert.equal(reader.status, 200);
    assert.equal(reader.headers['content-type'], 'text/event-stream; charset=utf-8');
    assert.equal(reader.headers['cache-control'], 'no-store');
    assert.equal(reader.headers['x-accel-buffering'], 'no');
    assert.ok(reader.headers['x-request-id']);
    const raw = `{"type":"odd.data","dedup_id":"odd","data":${ODD_DATA}}`;
    const { json } = await service.post('/api/events', undefined, { raw });
    const [message] = await reader.waitFor('event', 1);
    assert.ok(message);
    assert.equal(message.id, json.id);
    assert.ok(message.data.includes(`"data":${ODD_DATA}}`), message.data);
    await service.recorded(json.id);
    const { deliveries, ...event } = (await service.get(`/api/events/${json.id}`)).json;
    assert.deepEqual(deliveries, []);
    assert.deepEqual(message.json, event);
  });

  test('carriage returns between tokens come as line ends: the JSON is the same', async (context) => {
    const reader = await open(context);
    await service.post('/api/events', undefined, { raw: '{"type":"crlf","data":{"a":\r\n1,"b":\r2,\r\r"c":"\\r"}}' });
    const [message] = await reader.waitFor('event', 1);
    assert.ok(message?.data.endsWith('"data":{"a":\n1,"b":\n2,\n\n"c":"\\r"}}'), message?.data);
    assert.deepEqual(message?.json.data, { a: 1, b: 2, c: '\r' });
  });

  test('each attempt is shown with what became of the delivery', async (context) => {
    const receiver = await Receiver.start((_got, response) => {
      response.writeHead(receiver.requests.length === 1 ? 500 : 204).end();
    });
    context.after(() => receiver.stop());
    const reader = await open(context, { query: '?types=attempt.*' });
    const endpoint = await service.post('/api/endpoints', {
      url: receiver.url,
      event_types: ['attempt.one'],
      retry_schedule: ['1s'],
      max_attempts: 2,
    });
    const id = await send('attempt.one');
    const [first, second] = await reader.waitFor('delivery', 2);
    const { data } = (await service.get(`/api/deliveries?event_id=${id}`)).json;
    const common = { id: data[0].id, event_id: id, event_type: 'attempt.one', endpoint_id: endpoint.json.id };
    const { at, next_attempt_at, ...failed } = first?.json ?? {};
    assert.ok(Date.parse(next_attempt_at) > Date.parse(at));
    assert.deepEqual(failed, {
      ...common,
      status: 'retrying',
      attempts: 1,
      last_status_code: 500,
      last_error: 'status',
    });
    const { at: _at, ...delivered } = second?.json ?? {};
    assert.deepEqual(delivered, {
      ...common,
      status: 'delivered',
      attempts: 2,
      next_attempt_at: null,
      last_status_code: 204,
      last_error: null,
    });
    assert.deepEqual(reader.eventIds, [id]);
    assert.equal(first?.id, null, 'a delivery is no place to resume at');
    await service.call('DELETE', `/api/endpoints/${endpoint.json.id}`);
  });

  test('shows only the types and kinds asked for', async (context) => {
    const some = await open(context, { query: '?types=a.*,b.**&kinds=event' });
    const none = await open(context, { query: '?types=a.*&kinds=delivery' });
    for (const type of ['a.b.c', 'x', 'a.b', 'b', 'b.c.d', 'a']) await send(type);
    const shown = await some.waitFor('event', 3);
    assert.deepEqual(
      shown.map(({ json }) => json.type),
      ['a.b', 'b', 'b.c.d'],
    );
    assert.deepEqual(none.messages, []);
  });

  test('what can’t be asked for is 422, and a stream needs a key', async () => {
    for (const [query, path] of [
      ['types=a%20b', 'types'],
      [`types=${'a,'.repeat(101)}`, 'types'],
      ['types=a&types=b', 'types'],
      ['kinds=attempt', 'kinds'],
    ] as const) {
      const { status, json } = await service.get(`/api/stream?${query}`);
      assert.equal(status, 422, query);
      assert.equal(json.errors[0].path, path);
    }
    assert.equal((await service.get('/api/stream', { key: null })).status, 401);
    assert.equal((await service.get('/api/stream', { key: 'wrong' })).status, 401);
    const { status, headers } = await service.post('/api/stream', {});
    assert.equal(status, 405);
    assert.equal(headers['allow'], 'GET');
  });

  test('resumes after the last event seen: what was missed, oldest first, then what comes', async (context) => {
    const first = await open(context, { query: '?types=resume.*' });
    const seen = await send('resume.a');
    await first.waitFor('event', 1);
    first.close();
    const missed = [];
    for (let n = 0; n < 30; n++) {
      await service.send('other', n);
      missed.push(await service.send('resume.b', n));
    }
    const again = await open(context, { query: '?types=resume.*', lastEventId: first.lastEventId });
    const byQuery = await open(context, { query: `?types=resume.*&last_event_id=${seen.toUpperCase()}` });
    const live = await send('resume.c');
    for (const reader of [again, byQuery]) {
      await reader.waitFor('event', 31);
      assert.deepEqual(reader.eventIds, [...missed, live]);
      assert.equal(reader.lastEventId, live);
      assert.deepEqual(reader.of('dropped'), []);
    }
  });

  test('one that has seen nothing yet resumes where it came in', async (context) => {
    await service.send('before', 1);
    const first = await open(context, { query: '?types=nothing.yet' });
    await eventually(() => assert.notEqual(first.lastEventId, ''));
    first.close();
    const id = await service.send('nothing.yet', 1);
    const again = await open(context, { query: '?types=nothing.yet', lastEventId: first.lastEventId });
    await again.waitFor('event', 1);
    assert.deepEqual(again.eventIds, [id]);
  });

  test('no gap and no double at the seam, while events pour in', async (context) => {
    const start = await service.send('seam.start', 0);
    const sent: string[] = [];
    let sending = true;
    const senders = Array.from({ length: 4 }, async () => {
      while (sending) {
        sent.push(await send('seam', 1));
        await new Promise((resolve) => setTimeout(resolve, 4));
      }
    });
    const readers: StreamReader[] = [];
    for (let n = 0; n < 8; n++) {
      await eventually(() => assert.ok(sent.length > n * 40));
      readers.push(await open(context, { query: '?types=seam', lastEventId: start }));
    }
    sending = false;
    await Promise.all(senders);
    for (const reader of readers) {
      await reader.waitFor('event', sent.length);
      assert.deepEqual(reader.eventIds.toSorted(), sent.toSorted());
      assert.deepEqual(reader.of('dropped'), []);
    }
  });

  test('another organization sees nothing, and its place is only a place', async (context) => {
    const theirs = await send('secret', 'of another', otherKey);
    await eventually(async () =>
      assert.equal((await service.get(`/api/events/${theirs}`, { key: otherKey })).status, 200),
    );
    const missed = await service.send('mine', 1);
    const readers = [
      await open(context, { lastEventId: theirs, query: '?types=mine,secret' }),
      await open(context, { lastEventId: 'no-uuid', query: '?types=mine,secret' }),
      await open(context, { lastEventId: 'ffffffff-ffff-4fff-bfff-ffffffffffff', query: '?types=mine,secret' }),
    ];
    const others = await open(context, { key: otherKey, lastEventId: missed });
    await send('secret', 2, otherKey);
    const live = await send('mine', 2);
    const [resumed, ...fresh] = readers;
    await resumed?.waitFor('event', 2);
    assert.deepEqual(resumed?.eventIds, [missed, live]);
    for (const reader of fresh) {
      await reader.waitFor('event', 1);
      assert.deepEqual(reader.eventIds, [live]);
      assert.equal(reader.lastEventId, live, 'a place in the future does not hold it up');
    }
    await others.waitFor('event', 1);
    assert.deepEqual(
      others.messages.map(({ json }) => json.type),
      ['secret'],
    );
  });

  test('too much in a second is dropped and counted, and accepted all the same', async (context) => {
    const reader = await open(context, { query: '?types=much' });
    const data = 'x'.repeat(200_000);
    const ids = await Promise.all(Array.from({ length: 30 }, () => send('much', data)));
    const shown = await eventually(() => {
      const dropped = reader.of('dropped').reduce((sum, { json }) => sum + json.events, 0);
      assert.ok(dropped > 0);
      // One that was told of as dropped may come after all, with the others that are read from the record.
      assert.ok(reader.eventIds.length + dropped >= ids.length);
      return reader.eventIds;
    });
    assert.ok(shown.length > 0);
    assert.equal(new Set(shown).size, shown.length, 'none twice');
    for (const id of ids) await service.recorded(id);
  });

  test('a reader that does not read is cut, others read on', async (context) => {
    const reads = await open(context, { query: '?types=big' });
    const stuck = await open(context, { query: '?types=big', reads: false });
    const data = 'x'.repeat(250_000);
    const ended = () => lines.filter((line) => /GET \/api\/stream status=200/.test(line)).length;
    const before = ended();
    await eventually(async () => {
      await send('big', data);
      await new Promise((resolve) => setTimeout(resolve, 150));
      assert.equal(ended(), before + 1);
    }, 2 * HANG_MS);
    assert.equal(reads.ended, null);
    stuck.resume();
    assert.equal(await stuck.untilEnded(), 'cut');
  });

  test('a key that ran out ends its stream', async (context) => {
    const dataDir = temporaryFolder(context);
    const key = await addOrganization({ ...(await engineEnvironment(dataDir)), DATA_DIR: dataDir }, 4_000);
    const ownLines: string[] = [];
    const own = await startTestService(context, { DATA_DIR: dataDir }, listeningLog(ownLines));
    const readers = await Promise.all([
      StreamReader.open(own.url, { key }),
      StreamReader.open(own.url, { key: own.key }),
    ]);
    assert.deepEqual(
      readers.map(({ status }) => status),
      [200, 200],
    );
    assert.equal(await readers[0]?.untilEnded(8_000), 'in order');
    assert.equal((await own.get('/api/me', { key })).status, 401);
    assert.equal(readers[1]?.ended, null);
    await eventually(() => assert.ok(ownLines.some((line) => /^info GET \/api\/stream status=200/.test(line))));
    assert.ok(!ownLines.some((line) => /SLOW REQUEST: GET \/api\/stream/.test(line)));
  });

  test('so many streams an organization, then 429', async (context) => {
    const readers = await Promise.all(Array.from({ length: 100 }, () => open(context, { key: otherKey })));
    assert.ok(readers.every(({ status }) => status === 200));
    const { status, headers, json } = await service.get('/api/stream', { key: otherKey });
    assert.deepEqual([status, json.code], [429, 'rate_limited']);
    assert.ok(Number(headers['retry-after']) > 0);
    readers[0]?.close();
    await eventually(async () => {
      const next = await open(context, { key: otherKey });
      if (next.status !== 200) next.close();
      assert.equal(next.status, 200);
    });
  });

  test('a stream is no slow request, and its line comes at its end', async (context) => {
    const reader = await open(context);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const before = lines.length;
    reader.close();
    const line = await eventually(() => {
      const found = lines.slice(before).find((text) => text.includes('/api/stream'));
      assert.ok(found);
      return found;
    });
    assert.match(line, /^info GET \/api\/stream status=200 duration=\d+\.\d\dms$/);
    assert.ok(!lines.some((text) => text.includes('SLOW REQUEST: GET /api/stream')));
  });

  test('a stop ends every stream at once, in order', async (context) => {
    const own = await startTestService(context);
    const readers = await Promise.all(Array.from({ length: 50 }, () => StreamReader.open(own.url, { key: own.key })));
    const stopping = own.stop();
    for (const reader of readers) assert.equal(await reader.untilEnded(), 'in order');
    await stopping;
  });
});

function listeningLog(lines: string[]): Log {
  const line = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return {
    enabled: () => true,
    debug: () => {},
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    sampled: (_kind, level, message) => void lines.push(`${level} ${message()}`),
  };
}
