import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { before, describe, test } from 'node:test';
import { GrowingBuffer } from '../../src/api/http/bodies/growing-buffer.ts';
import { lineTimeMs } from '../../src/api/resources/events/ndjson.ts';
import { MAX_BATCH_BODY_BYTES, MAX_BODY_BYTES_OF_ORGANIZATION } from '../../src/core/limits.ts';
import { rawBody, rawHttp } from '../support/raw-http.ts';
import { Client, eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

test('a body in pieces of one byte takes a buffer, not an object a piece', () => {
  const bytes = new GrowingBuffer(1024 * 1024);
  for (let n = 0; n < 1024 * 1024; n++) bytes.add(Buffer.of(n % 251));
  assert.equal(bytes.length, 1024 * 1024);
  assert.equal(bytes.room, 1024 * 1024);
  const whole = bytes.take();
  assert.ok(whole.every((byte, at) => byte === at % 251));
  assert.equal(bytes.room, 0);
  const only = Buffer.from('only');
  bytes.add(only);
  assert.equal(bytes.take().buffer, only.buffer, 'one piece is not copied');
});

test('a line of NDJSON has as long as its bytes take at the least rate, between 10 and 30 seconds', () => {
  const times = [1, 640, 1_280, 1_920, 500_000].map(lineTimeMs);
  assert.deepEqual(times, [10_000, 10_000, 20_000, 30_000, 30_000]);
});

describe('request bodies', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  const head = (path: string, lines: readonly string[], key: string | null = service.key) =>
    [
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      ...(key === null ? [] : [`X-API-Key: ${key}`]),
      'Content-Type: application/json',
      ...lines,
      '',
      '',
    ].join('\r\n');
  const event = '{"type":"bodies.sent","data":1}';
  const plain = (path: string) => `${head(path, [`Content-Length: ${event.length}`])}${event}`;

  function open(): { socket: Socket; text: () => string } {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    return { socket, text: () => text };
  }

  test('chunks of one byte: heap does not grow by hundreds of bytes for each', async () => {
    const data = 'x'.repeat(200 * 1024);
    const body = [...`{"type":"bodies.chunks","data":"${data}"}`].map((byte) => `1\r\n${byte}\r\n`).join('');
    const request = `${head('/api/events', ['Transfer-Encoding: chunked'])}${body}0\r\n\r\n`;
    const answer = await rawHttp(service.url, [request], { until: /"status":"accepted"/, waitMs: 20_000 });
    assert.equal(answer.status, 202, answer.text);
    const { id } = JSON.parse(answer.text.slice(answer.text.indexOf('{')));
    await service.recorded(id);
    assert.equal((await service.get(`/api/events/${id}`)).json.data, data);
  });

  test('a legal event in chunks of one byte arrives while others never end theirs', async () => {
    const made = await service.post(
      '/api/keys/generate',
      { organization_name: 'Abuser', tier: 'unlimited' },
      { key: null },
    );
    const endless = Buffer.from('1\r\n \r\n'.repeat(100_000));
    // Some with a key, some without; one for an address that takes no body.
    const abusers = [
      head('/api/events/batch', ['Transfer-Encoding: chunked'], made.json.api_key),
      head('/api/events', ['Transfer-Encoding: chunked'], made.json.api_key),
      head('/api/events', ['Transfer-Encoding: chunked'], 'wrong'),
      head('/health/live', ['Transfer-Encoding: chunked'], null).replace('POST', 'GET'),
    ].map((request) => {
      const { socket } = open();
      socket.write(request);
      const more = () => {
        if (!socket.destroyed) socket.write(endless, () => setImmediate(more));
      };
      more();
      return socket;
    });
    const data = 'x'.repeat(256 * 1024 - 2);
    const body = [...`{"type":"bodies.chunks","data":"${data}"}`].map((byte) => `1\r\n${byte}\r\n`).join('');
    const request = `${head('/api/events', ['Transfer-Encoding: chunked'])}${body}0\r\n\r\n`;
    const answer = await rawHttp(service.url, [request], { until: /"status":"accepted"/, waitMs: 29_000 });
    for (const socket of abusers) socket.destroy();
    assert.equal(answer.status, 202, answer.text);
  });

  test('NDJSON in chunks of a byte, and in chunks that one read can not hold', async () => {
    const lines = Array.from(
      { length: 400 },
      (_, n) => `{"type":"bodies.lines","data":"${n} ${'y'.repeat(100)}"}`,
    ).join('\n');
    const ndjson = head('/api/events/batch', ['Transfer-Encoding: chunked']).replace('json', 'x-ndjson');
    for (const size of [1, 7, 300_000]) {
      const chunks: string[] = [];
      for (let at = 0; at < lines.length; at += size) chunks.push(chunk(lines.slice(at, at + size)));
      const answer = await rawHttp(service.url, [`${ndjson}${chunks.join('')}0\r\n\r\n`], {
        until: /"duplicates":0,"rejected":\d+\}/,
        waitMs: 20_000,
      });
      assert.match(answer.text, /\{"accepted":400,"duplicates":0,"rejected":0\}/);
    }
  });

  test('half-sent batches: beyond the budget of the organization 503, another one is served', async () => {
    const made = await service.post(
      '/api/keys/generate',
      { organization_name: 'Other', tier: 'unlimited' },
      { key: null },
    );
    const other = new Client(service.url, made.json.api_key);
    const half = Buffer.alloc(MAX_BATCH_BODY_BYTES - 100_000, ' ');
    const fit = Math.floor(MAX_BODY_BYTES_OF_ORGANIZATION / half.length);
    const uploads = Array.from({ length: fit + 1 }, () => open());
    for (const { socket } of uploads) {
      socket.write(head('/api/events/batch', [`Content-Length: ${MAX_BATCH_BODY_BYTES}`]));
      socket.write(half);
    }
    const refused = await eventually(() => {
      const texts = uploads.map(({ text }) => text()).filter((text) => text !== '');
      assert.equal(texts.length, 1, texts.map((text) => text.slice(0, 500)).join('\n'));
      return texts[0] ?? '';
    });
    assert.match(refused, /^HTTP\/1\.1 503 [\s\S]*retry-after: 1\r\n[\s\S]*"code":"unavailable"/);
    const items = JSON.stringify(
      Array.from({ length: 100 }, () => ({ type: 'bodies.other', data: 'x'.repeat(10_000) })),
    );
    assert.equal((await other.post('/api/events/batch', undefined, { raw: items })).status, 202);
    for (const { socket } of uploads) socket.destroy();
    // What they held is free again.
    await eventually(async () => {
      const answer = await service.post('/api/events/batch', undefined, {
        raw: Buffer.concat([half, Buffer.from('[]')]),
      });
      assert.equal(answer.status, 202, answer.text);
    });
    await other.close();
  });

  test('NDJSON: half a line that drips is 408, before the first answer and after', async () => {
    const path = ['Content-Type: application/x-ndjson', 'Transfer-Encoding: chunked'];
    const ndjson = ['POST /api/events/batch HTTP/1.1', 'Host: localhost', `X-API-Key: ${service.key}`, ...path];
    const uploads = ['', `${event}\n`].map((first) => {
      const { socket, text } = open();
      socket.write(`${ndjson.join('\r\n')}\r\n\r\n`);
      if (first !== '') socket.write(chunk(first));
      const drip = setInterval(() => socket.write(chunk('{')), 500);
      socket.once('close', () => clearInterval(drip));
      return { text, closed: once(socket, 'close') };
    });
    await Promise.all(uploads.map(({ closed }) => closed));
    const [before, after] = uploads.map(({ text }) => text());
    assert.match(before ?? '', /^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/);
    assert.match(after ?? '', /^HTTP\/1\.1 202 [\s\S]*"index":0,"status":"accepted"/);
    assert.match(after ?? '', /"index":1,"status":"rejected","error":\{"code":"request_timeout"/);
    assert.match(after ?? '', /"accepted":1,"duplicates":0,"rejected":1/);
  });

  test('a pipelined request that is refused does not destroy the answers before it', async () => {
    const wrong = head('/api/events', [`Content-Length: ${event.length}`], 'wrong');
    const bad: [string[], number, boolean | null][] = [
      // Whose body is here already, and may stay; whose body is to come; what is no request.
      [[wrong + event], 401, null],
      [[wrong, event], 401, true],
      [['NO HTTP AT ALL\r\n\r\n'], 400, true],
    ];
    // By the path beside Fastify and by its route.
    for (const good of [plain('/api/events'), plain('/api/events?by=route')]) {
      for (const [[first, ...rest], status, closes] of bad) {
        const answer = await rawHttp(service.url, [good + first, ...rest], {
          pauseMs: 50,
          waitMs: closes === null ? 500 : 3_000,
        });
        const statuses = [...answer.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, found]) => Number(found));
        assert.deepEqual(statuses, [202, status], answer.text);
        if (closes !== null) assert.equal(answer.closed, closes, answer.text);
      }
    }
  });

  test('Expect: 100-continue is told yes only when key, type and length are', async () => {
    const expecting = (lines: string[], key?: string) => head('/api/events', ['Expect: 100-continue', ...lines], key);
    const length = `Content-Length: ${event.length}`;
    const refusals: [string, number][] = [
      [expecting([length], 'wrong'), 401],
      [expecting(['Content-Length: 100000000']), 413],
      [expecting([length]).replace('application/json', 'text/plain'), 415],
    ];
    for (const [request, status] of refusals) {
      const answer = await rawHttp(service.url, [request], { until: /\}$/ });
      assert.equal(answer.status, status, answer.text);
      assert.doesNotMatch(answer.text, /100 Continue/);
    }
    const { socket, text } = open();
    socket.write(expecting([length]));
    await eventually(() => assert.match(text(), /^HTTP\/1\.1 100 Continue\r\n\r\n$/));
    socket.write(event);
    await eventually(() => assert.match(text(), /HTTP\/1\.1 202 /));
    socket.destroy();
  });

  test('extensions of chunks are bounded over the whole body', async () => {
    const extension = `;x=${'y'.repeat(8_000)}`;
    const chunks = Array.from({ length: 100 }, () => `1${extension}\r\n \r\n`);
    const request = [
      head('/api/events', ['Transfer-Encoding: chunked']),
      ...chunks,
      `${event.length.toString(16)}\r\n`,
    ];
    const answer = await rawHttp(service.url, [...request, `${event}\r\n0\r\n\r\n`], { until: /\}$/ });
    assert.equal(answer.status, 400, answer.text);
    assert.match(rawBody(answer).detail, /extensions/);
    const few = `${head('/api/events', ['Transfer-Encoding: chunked'])}1;a=b\r\n \r\n${chunk(event)}0\r\n\r\n`;
    assert.equal((await rawHttp(service.url, [few], { until: /\}$/ })).status, 202);
  });

  test('a body for an address that is none is not read', async () => {
    const answer = await rawHttp(service.url, [head('/nothing/here', ['Content-Length: 200000'], null)], {
      until: /\}$/,
    });
    assert.equal(answer.status, 404, answer.text);
  });
});

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}
