import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { rawBody, rawHttp } from '../support/raw-http.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

/**
 * A plain `POST /api/events` is read and answered beside Fastify. `TE` makes a request unusual and means nothing here, so that
 * the same request can be sent both ways: nobody may be able to tell which one answered.
 */
describe('the path of plain requests', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  const post = (body: string, ...more: string[]) =>
    [
      'POST /api/events HTTP/1.1',
      'Host: localhost',
      `X-API-Key: ${service.key}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...more,
      '',
      body,
    ].join('\r\n');
  const answered = { until: /\}$/ };

  /** Everything that is another one each time is taken out. */
  const alike = (text: string) =>
    text
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'ID')
      .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, 'TIME')
      .replace(/^date: .*$/im, 'Date: DATE')
      .replace(/^(x-response-time|ratelimit-\w+|content-length): .*$/gim, '$1: N');

  const both: Record<string, () => [body: string, ...more: string[]]> = {
    'an event': () => ['{"type":"fast.plain","data":{"a":1}}'],
    'a duplicate': () => ['{"type":"fast.twice","data":1}', 'Idempotency-Key: twice'],
    'a request id of the client': () => ['{"type":"fast.plain","data":1}', 'X-Request-Id: mine-1'],
    'no event': () => ['{"type":"no type","data":1}'],
    'no JSON': () => ['{"type":"fast.plain","data":'],
    'a wrong key beside the right one': () => ['{"type":"fast.plain","data":1}', 'Authorization: Bearer other'],
    'two idempotency keys that differ': () => ['{"type":"fast.plain","data":1,"dedup_id":"a"}', 'Idempotency-Key: b'],
  };
  for (const [name, of] of Object.entries(both)) {
    test(`answered alike, field for field: ${name}`, async () => {
      const [body, ...more] = of();
      // Once before, so that both are duplicates where there can be one.
      await rawHttp(service.url, [post(body, ...more)], answered);
      const fast = await rawHttp(service.url, [post(body, ...more)], answered);
      const slow = await rawHttp(service.url, [post(body, ...more, 'TE: trailers')], answered);
      const lines = (text: string) =>
        alike(text)
          .split('\r\n')
          .map((line) => line.toLowerCase())
          .toSorted();
      assert.notEqual(fast.status, 0);
      assert.deepEqual(lines(fast.text), lines(slow.text));
    });
  }

  test('a request in two pieces, and one a byte at a time', async () => {
    const whole = post('{"type":"fast.pieces","data":1}');
    const inBody = whole.length - 10;
    const two = await rawHttp(service.url, [whole.slice(0, inBody), whole.slice(inBody)], { ...answered, pauseMs: 30 });
    assert.equal(two.status, 202, two.text);
    const dripped = await rawHttp(service.url, [...whole], { ...answered, pauseMs: 2, waitMs: 10_000 });
    assert.equal(dripped.status, 202, dripped.text);
    assert.equal((await service.get('/api/events?type=fast.pieces')).json.data.length, 2);
  });

  test('a rest that comes late finds Node’s own server', async () => {
    const whole = post('{"type":"fast.late","data":1}');
    const answer = await rawHttp(service.url, [whole.slice(0, -5), whole.slice(-5)], {
      ...answered,
      pauseMs: 2_500,
      waitMs: 6_000,
    });
    assert.equal(answer.status, 202, answer.text);
  });

  test('plain, unusual and broken ones on one connection, each answered in its turn', async () => {
    const plain = post('{"type":"fast.turn","data":1}');
    const chunked = post('{"type":"fast.turn","data":1}').replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked');
    const body = '{"type":"fast.turn","data":1}';
    const inChunks = chunked.replace(body, `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    const get = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const answer = await rawHttp(service.url, [plain, plain + get + plain, inChunks, plain, 'nonsense\r\n\r\n'], {
      pauseMs: 20,
    });
    const statuses = [...answer.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
    assert.deepEqual(statuses, ['202', '202', '200', '202', '202', '202', '400']);
    assert.ok(answer.closed);
  });

  test('what is sent before the answer waits, in order', async () => {
    const many = Array.from({ length: 50 }, (_, n) => post(`{"type":"fast.many","data":${n}}`, `X-Request-Id: r${n}`));
    const answer = await rawHttp(service.url, many, { until: /request-id: r49\r[\s\S]*\}$/ });
    const ids = [...answer.text.matchAll(/x-request-id: r(\d+)/g)].map(([, n]) => Number(n));
    assert.deepEqual(ids, [...ids.keys()]);
    assert.equal(ids.length, 50);
  });

  test('a client that ends its half of the connection is answered', async () => {
    const ended = (bytes: string) =>
      new Promise<string>((resolve, reject) => {
        const { hostname, port } = new URL(service.url);
        let text = '';
        const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true }, () => socket.end(bytes));
        socket.on('data', (chunk) => {
          text += chunk;
        });
        socket.on('error', reject).on('end', () => resolve(text));
      });
    assert.match(await ended(post('{"type":"fast.half","data":1}')), /^HTTP\/1\.1 202 /);
    // The key has to be looked up first, and is wrong: Fastify refuses it.
    const wrong = post('{"type":"fast.half","data":1}').replace(service.key, 'another-key');
    assert.match(await ended(wrong), /^HTTP\/1\.1 401 [\s\S]*"code":"invalid_api_key"/);
    const cut = await ended(post('{"type":"fast.half","data":1}').slice(0, -3));
    assert.match(cut, /^HTTP\/1\.1 400 [\s\S]*"code":"bad_request"/);
    assert.equal((await service.get('/api/events?type=fast.half')).json.data.length, 1);
  });

  test('a client that is gone before its answer: the event is there', async () => {
    const { hostname, port } = new URL(service.url);
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(post('{"type":"fast.gone","data":1}'), () => socket.resetAndDestroy());
      });
      socket.on('error', reject).on('close', () => resolve());
    });
    await eventually(async () => {
      assert.equal((await service.get('/api/events?type=fast.gone')).json.data.length, 1);
    });
  });

  test('the first request with a key that was just made, and what is sent behind it', async () => {
    const made = await service.post('/api/keys', { name: 'fresh', scopes: ['publish'] });
    assert.equal(made.status, 201, made.text);
    const request = (n: number) => post(`{"type":"fast.key","data":${n}}`).replace(service.key, made.json.api_key);
    const answer = await rawHttp(service.url, [request(1) + request(2)], { until: /202[\s\S]*202[\s\S]*\}$/ });
    assert.match(answer.text, /202[\s\S]*202/);
    const consume = await service.post('/api/keys', { name: 'reads', scopes: ['consume'] });
    const refused = post('{"type":"fast.key","data":3}').replace(service.key, consume.json.api_key);
    assert.equal((await rawHttp(service.url, [refused], answered)).status, 403);
  });

  test('a name that is not loopback’s is refused in development', async () => {
    const answer = await rawHttp(
      service.url,
      [post('{"type":"fast.host","data":1}').replace('Host: localhost', 'Host: evil.example')],
      answered,
    );
    assert.equal(answer.status, 403);
    assert.equal(rawBody(answer).code, 'forbidden');
  });

  test('half a request holds the stop for as long as a body may take, and no longer', async () => {
    const own = await startTestService(cleanup);
    const request = post('{"type":"fast.stop","data":1}').replace(service.key, own.key);
    const answering = rawHttp(own.url, [request.slice(0, -5)], { waitMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await own.stop();
    const answer = await answering;
    assert.equal(answer.status, 408, answer.text);
    assert.ok(answer.closed);
  });

  test('a connection that is kept alive does not hold the stop, and is told of it', async () => {
    const own = await startTestService(cleanup);
    const { hostname, port } = new URL(own.url);
    const request = post('{"type":"fast.stop","data":1}').replace(service.key, own.key);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.write(request);
    while (!text.endsWith('}')) await new Promise((resolve) => setTimeout(resolve, 10));
    const stopping = own.stop();
    socket.write(request);
    await Promise.all([stopping, closed]);
    const last = text.slice(text.lastIndexOf('HTTP/1.1'));
    assert.match(last, /^HTTP\/1\.1 202 [\s\S]*connection: close/i);
  });
});
