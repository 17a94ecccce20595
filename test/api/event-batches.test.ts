import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { keptBytes } from '../support/kept-bytes.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };

describe('POST /api/events/batch', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  const batch = (raw: string, headers: Record<string, string> = {}) =>
    service.call('POST', '/api/events/batch', { raw, headers });

  function lines(text: string) {
    const all = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    return { results: all.slice(0, -1), summary: all.at(-1) };
  }

  async function stored(type: string) {
    return (await service.get(`/api/events?type=${type}&limit=1000`)).json.data;
  }

  test('every item has its result, in order, and stands for itself', async () => {
    const data = '{"n":12345678901234567890,"z":1e400}';
    const items = [
      `{"type":"mixed","data":${data},"dedup_id":"m-1"}`,
      'null',
      '{"type":"mixed","data":2,"dedup_id":"m-1"}',
      '{"type":"bad type","data":1}',
      `{"type":"mixed","data":"${'x'.repeat(300_000)}"}`,
      '{"type":"mixed","data":1,"data":2}',
      '  {"type":"mixed","data":3}  ',
    ];
    const answer = await batch(`[${items.join(',')}]`);
    assert.equal(answer.status, 202, answer.text);
    const { accepted, duplicates, rejected, results } = answer.json;
    assert.deepEqual([accepted, duplicates, rejected], [2, 1, 4]);
    assert.deepEqual(
      results.map(({ index, status }: { index: number; status: string }) => [index, status]),
      [
        [0, 'accepted'],
        [1, 'rejected'],
        [2, 'duplicate'],
        [3, 'rejected'],
        [4, 'rejected'],
        [5, 'rejected'],
        [6, 'accepted'],
      ],
    );
    assert.equal(results[2].id, results[0].id);
    const codes = [1, 3, 4, 5].map((at) => results[at].error.code);
    assert.deepEqual(codes, ['invalid_request', 'invalid_request', 'payload_too_large', 'invalid_json']);
    assert.equal(results[3].error.errors[0].path, 'type');
    const kept = await service.get(`/api/events/${results[0].id}`);
    assert.ok(kept.text.includes(`"data":${data}`), 'data byte for byte');
    await eventually(async () => assert.equal((await stored('mixed')).length, 2));
  });

  test('an empty one accepts nothing; 1,000 items are taken, 1,001 are refused as a whole', async () => {
    assert.deepEqual((await batch('[]')).json, { accepted: 0, duplicates: 0, rejected: 0, results: [] });
    const item = (n: number) => `{"type":"edge","data":${n}}`;
    const thousand = Array.from({ length: 1_000 }, (_, n) => item(n));
    assert.equal((await batch(`[${thousand.join(',')}]`)).json.accepted, 1_000);
    const refused = await batch(`[${thousand.join(',')},${item(0)}]`);
    assert.equal(refused.status, 422);
    await eventually(async () => assert.equal((await stored('edge')).length, 1_000));
  });

  for (const [what, raw, status, code] of [
    ['no JSON', '[{"type":"a","data":1}', 400, 'invalid_json'],
    ['an object', '{"type":"a","data":1}', 422, 'invalid_request'],
    ['a text', '"a"', 422, 'invalid_request'],
    ['nothing', '', 400, 'invalid_json'],
    ['one that is nested too deep', `[${'['.repeat(128)}${']'.repeat(128)}]`, 400, 'invalid_json'],
    ['17 MB', `["${'x'.repeat(17 * 1024 * 1024)}"]`, 413, 'payload_too_large'],
  ] as const) {
    test(`refused: ${what}`, async () => {
      const answer = await batch(raw, { 'content-type': 'application/json' });
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.json.code, code);
    });
  }

  test('NDJSON: a result for each line, in order, then a summary', async () => {
    const text = [
      '{"type":"lines","data":{"n":12345678901234567890},"dedup_id":"l-1"}\r',
      '',
      'garbage',
      '   ',
      '{"type":"lines","data":2,"dedup_id":"l-1"}',
      `{"type":"lines","data":"${'x'.repeat(600_000)}"}`,
      '{"type":"lines","data":"last without a line feed"}',
    ].join('\n');
    const answer = await batch(text, NDJSON);
    assert.equal(answer.status, 202, answer.text);
    assert.match(String(answer.headers['content-type']), /^application\/x-ndjson/);
    assert.ok(answer.headers['x-request-id']);
    const { results, summary } = lines(answer.text);
    assert.deepEqual(
      results.map(({ index, status, error }) => [index, status, error?.code]),
      [
        [0, 'accepted', undefined],
        [1, 'rejected', 'invalid_json'],
        [2, 'duplicate', undefined],
        [3, 'rejected', 'payload_too_large'],
        [4, 'accepted', undefined],
      ],
    );
    assert.deepEqual(summary, { accepted: 2, duplicates: 1, rejected: 2 });
  });

  test('NDJSON: thousands of lines, each once and in order', async () => {
    const text = Array.from({ length: 5_000 }, (_, n) => `{"type":"many.lines","data":${n},"dedup_id":"t-${n}"}`);
    const answer = await batch(text.join('\n'), NDJSON);
    const { results, summary } = lines(answer.text);
    assert.deepEqual(summary, { accepted: 5_000, duplicates: 0, rejected: 0 });
    assert.deepEqual(
      results.map(({ index }) => index),
      Array.from({ length: 5_000 }, (_, n) => n),
    );
    assert.equal(new Set(results.map(({ id }) => id)).size, 5_000);
    const again = lines((await batch(text.join('\n'), NDJSON)).text);
    assert.deepEqual(again.summary, { accepted: 0, duplicates: 5_000, rejected: 0 });
    assert.deepEqual(
      again.results.map(({ id }) => id),
      results.map(({ id }) => id),
    );
  });

  test('NDJSON: a line that has come is answered before the next one comes', async (context) => {
    const { socket, text } = await upload();
    context.after(() => void socket.destroy());
    socket.write(chunk('{"type":"slow","data":1}\n'));
    await eventually(() => assert.match(text(), /"index":0,"status":"accepted"/));
    socket.write(chunk('{"type":"slow","data":2}'));
    socket.write(chunk(''));
    await eventually(() => assert.match(text(), /"index":1,"status":"accepted"[\s\S]*"accepted":2/));
  });

  test('NDJSON: a line without end costs no memory and spoils nothing', async (context) => {
    const { socket, text } = await upload();
    context.after(() => void socket.destroy());
    socket.write(chunk('{"type":"wide","data":1}\n'));
    const before = keptBytes();
    const piece = chunk('x'.repeat(1024 * 1024));
    for (let n = 0; n < 300; n++) if (!socket.write(piece)) await once(socket, 'drain');
    assert.ok(keptBytes() - before < 60 * 1024 * 1024);
    socket.write(chunk('\n{"type":"wide","data":2}\n'));
    socket.write(chunk(''));
    await eventually(() => assert.match(text(), /"accepted":2,"duplicates":0,"rejected":1/));
    assert.match(text(), /"index":1,"status":"rejected","error":\{"code":"payload_too_large"/);
  });

  test('NDJSON: who vanishes has what was answered', async () => {
    const { socket, text } = await upload();
    socket.write(chunk('{"type":"vanish","data":1}\n{"type":"vanish","da'));
    await eventually(() => assert.match(text(), /"index":0,"status":"accepted"/));
    socket.destroy();
    await eventually(async () => assert.equal((await stored('vanish')).length, 1));
  });

  test('NDJSON: compressed it is refused', async () => {
    assert.equal((await batch('{}', { ...NDJSON, 'content-encoding': 'gzip' })).status, 415);
  });

  async function upload() {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    socket.on('error', () => {});
    const head = ['POST /api/events/batch HTTP/1.1', 'Host: localhost', `X-API-Key: ${service.key}`];
    socket.write(
      `${[...head, 'Content-Type: application/x-ndjson', 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n`,
    );
    return { socket, text: () => text };
  }
});

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}
