import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { rawBody, rawHttp } from '../support/raw-http.ts';
import { startTestService, suiteCleanup, type TestService } from '../support/service.ts';

describe('bad connections', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  const head = (...lines: string[]) =>
    ['POST /api/events HTTP/1.1', 'Host: localhost', `X-API-Key: ${service.key}`, ...lines, '', ''].join('\r\n');
  const body = '{"type":"smuggled","data":1}';
  const smuggled = () => `${head('Content-Type: application/json', `Content-Length: ${body.length}`)}${body}`;

  async function assertStillGood(): Promise<void> {
    const answer = await service.post('/api/events', { type: 'good', data: 1 });
    assert.equal(answer.status, 202);
    assert.equal((await service.get('/api/events?type=smuggled')).json.data.length, 0);
  }

  const broken: Record<string, () => string> = {
    'Content-Length and Transfer-Encoding': () =>
      head('Content-Type: application/json', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
    'two Content-Lengths': () => head('Content-Length: 5', 'Content-Length: 6'),
    'a negative length': () => head('Content-Length: -1'),
    'a length with an exponent': () => head('Content-Length: 1e3'),
    'an unknown transfer coding': () => head('Transfer-Encoding: xchunked'),
    'a space before the colon': () => head('X-Odd : 1'),
    'a folded header': () => head('X-Odd: 1\r\n 2'),
    'no Host': () => 'GET /health HTTP/1.1\r\n\r\n',
    'an unknown method': () => 'FOO /health HTTP/1.1\r\nHost: localhost\r\n\r\n',
    CONNECT: () => 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'no HTTP at all': () => '\u0016\u0003\u0001 hello\r\n\r\n',
  };
  for (const [name, request] of Object.entries(broken)) {
    test(`400 and closed: ${name}; what is pipelined behind it is never run`, async () => {
      const answer = await rawHttp(service.url, [request() + smuggled()]);
      assert.equal(answer.status, 400, answer.text);
      assert.ok(answer.closed);
      assert.match(answer.text, /content-type: application\/problem\+json/i);
      assert.match(answer.text, /connection: close/i);
      assert.equal((answer.text.match(/HTTP\/1\.1 \d{3}/g) ?? []).length, 1);
      await assertStillGood();
    });
  }

  test('431: more headers than fit', async () => {
    for (const line of [
      `X-Big: ${'x'.repeat(17_000)}`,
      Array.from({ length: 3_000 }, (_, i) => `X-${i}: 1`).join('\r\n'),
    ]) {
      const answer = await rawHttp(service.url, [head(line)]);
      assert.equal(answer.status, 431, answer.text.slice(0, 200));
      assert.equal(rawBody(answer).code, 'headers_too_large');
    }
    const long = await rawHttp(service.url, [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`]);
    assert.equal(long.status, 431);
    await assertStillGood();
  });

  test('413 at once for 10 GB that are only announced', async () => {
    const answer = await rawHttp(service.url, [head('Content-Type: application/json', 'Content-Length: 10000000000')], {
      until: /\}$/,
    });
    assert.equal(answer.status, 413);
    assert.ok(answer.text.endsWith('}'), 'it did not wait for them');
  });

  test('413 reaches a client that is still sending 50 MB', async () => {
    const raw = Buffer.alloc(50 * 1024 * 1024, ' ');
    const answer = await service.post('/api/events', undefined, { raw });
    assert.equal(answer.status, 413);
    await assertStillGood();
  });

  test('417 or ignored, never executed twice: Expect', async () => {
    const answer = await rawHttp(service.url, [head('Expect: 42-whatever', 'Content-Length: 0')], { until: /\}$/ });
    assert.equal(answer.status, 417);
    assert.equal(rawBody(answer).code, 'expectation_failed');
  });

  test('two content types: 415', async () => {
    const answer = await rawHttp(
      service.url,
      [`${head('Content-Type: application/json', 'Content-Type: text/plain', 'Content-Length: 2')}{}`],
      { until: /\}$/ },
    );
    assert.equal(answer.status, 415);
  });

  test('the Idempotency-Key twice: 422', async () => {
    const raw = head(
      'Content-Type: application/json',
      'Idempotency-Key: a',
      'Idempotency-Key: a',
      `Content-Length: ${body.length}`,
    );
    const answer = await rawHttp(service.url, [raw + body], { until: /\}$/ });
    assert.equal(answer.status, 422);
  });

  test('a client that vanishes in the middle of its body leaves nothing', async () => {
    await rawHttp(service.url, [head('Content-Type: application/json', 'Content-Length: 100'), body], { waitMs: 100 });
    await assertStillGood();
  });

  test('pipelined requests are answered in order', async () => {
    const get = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const answer = await rawHttp(service.url, [get + get + get], { until: /(status":"ok".*){3}/s });
    assert.equal((answer.text.match(/HTTP\/1\.1 200/g) ?? []).length, 3);
  });

  // They wait for half a minute together: side by side.
  describe('what drips', { concurrency: true }, () => {
    test('408: headers that drip are cut off after 10 seconds', async () => {
      const answer = await rawHttp(service.url, [...'GET /health HTTP/1.1\r\nX-Slow: '.repeat(3)], {
        pauseMs: 300,
        waitMs: 60_000,
      });
      assert.equal(answer.status, 408, answer.text);
      assert.equal(rawBody(answer).code, 'request_timeout');
      assert.ok(answer.closed);
    });

    test('408: a body that drips is cut off after 30 seconds', async () => {
      const drip = Array.from({ length: 60 }, () => ' ');
      const answer = await rawHttp(
        service.url,
        [head('Content-Type: application/json', 'Content-Length: 1000'), ...drip],
        { pauseMs: 800, waitMs: 100_000 },
      );
      assert.equal(answer.status, 408, answer.text);
      assert.ok(answer.closed);
    });
  });
});
