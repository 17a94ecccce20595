import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { AttemptOutcome } from '../../src/core/delivery/delivery.ts';
import { openSender, pause, post, rawReceiver } from './support.ts';

type Expected = Partial<AttemptOutcome>;

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const DELIVERED: Expected = { statusCode: 200, error: null };

/** What a receiver answers, byte for byte, and what the attempt comes to. */
const ANSWERS: readonly (readonly [name: string, answer: string | ((socket: Socket) => void), expected: Expected])[] = [
  ['a plain 200', OK, { ...DELIVERED, responseExcerpt: 'ok', retryAfterMs: null }],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', { statusCode: 204, error: null, responseExcerpt: '' }],
  ['205', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n', { statusCode: 205, error: null }],
  ['205 with a body', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok', { statusCode: 205, error: null }],
  ['304', 'HTTP/1.1 304 Not Modified\r\n\r\n', { statusCode: 304, error: 'status', responseExcerpt: '' }],
  [
    '304 with the length of what it leaves out',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n',
    { statusCode: 304, error: 'status', responseExcerpt: '' },
  ],
  ['299', 'HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n', { statusCode: 299, error: null }],
  ['HTTP/1.0 without a length', endWith('HTTP/1.0 200 OK\r\n\r\nold'), { ...DELIVERED, responseExcerpt: 'old' }],
  ['Connection: close', endWith(OK.replace('OK\r\n', 'OK\r\nConnection: close\r\n')), DELIVERED],
  ['lower-case headers', 'HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nok', DELIVERED],
  [
    'chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    { ...DELIVERED, responseExcerpt: 'ok' },
  ],
  ['15 KB of headers', `HTTP/1.1 200 OK\r\nX-Big: ${'x'.repeat(15_000)}\r\nContent-Length: 0\r\n\r\n`, DELIVERED],
  [
    '20 KB of headers',
    `HTTP/1.1 200 OK\r\nX-Big: ${'x'.repeat(20_000)}\r\nContent-Length: 0\r\n\r\n`,
    { statusCode: null, error: 'headers_too_large' },
  ],
  ['1,000 cookies', `HTTP/1.1 200 OK\r\n${'Set-Cookie: a=b\r\n'.repeat(1_000)}Content-Length: 0\r\n\r\n`, DELIVERED],
  ['100 Continue that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${OK}`, DELIVERED],
  ['100 with headers, twice', `HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${OK}`, DELIVERED],
  ['100 for ever', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(5_000), { statusCode: null, error: 'invalid_response' }],
  ['103 Early Hints', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`, DELIVERED],
  ['103 for ever', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(5_000), { statusCode: null, error: 'invalid_response' }],
  [
    '101 with an upgrade',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n',
    { statusCode: null, error: 'invalid_response' },
  ],
  ['101 without', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', { statusCode: null, error: 'invalid_response' }],
  ['Alt-Svc and an offer of h2', OK.replace('OK\r\n', 'OK\r\nAlt-Svc: h2=":443"\r\nUpgrade: h2c\r\n'), DELIVERED],
  ['102 Processing', `HTTP/1.1 102 Processing\r\n\r\n${OK}`, DELIVERED],
  ['status 099', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n', { statusCode: null, error: 'invalid_response' }],
  ['status 1000', 'HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n', { statusCode: null, error: 'invalid_response' }],
  ['status 20', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n', { statusCode: null, error: 'invalid_response' }],
  ['a length below 0', OK.replace(': 2', ': -1'), DELIVERED],
  ['two lengths', OK.replace('\r\n\r\n', '\r\nContent-Length: 3\r\n\r\n'), DELIVERED],
  ['a length and chunks', OK.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n'), DELIVERED],
  ['a folded field', OK.replace('\r\n\r\n', '\r\nA: b\r\n c\r\n\r\n'), DELIVERED],
  ['lines that end in LF alone', OK.replaceAll('\r\n', '\n'), DELIVERED],
  ['120 KB of empty lines', '\r\n'.repeat(60_000), { statusCode: null, error: 'invalid_response' }],
  ['the beginning of TLS', '\x16\x03\x01\x02\x00', { statusCode: null, error: 'invalid_response' }],
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n', { statusCode: null, error: 'invalid_response' }],
  ['nothing but a close', (socket) => socket.end(), { statusCode: null, error: 'connection_reset' }],
  ['half a head and a close', endWith('HTTP/1.1 200 OK\r\nContent-'), { statusCode: null, error: 'connection_reset' }],
  ['nothing but a reset', (socket) => socket.resetAndDestroy(), { statusCode: null, error: 'connection_reset' }],
  [
    'a body of another length',
    endWith('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
    { ...DELIVERED, responseExcerpt: 'abc' },
  ],
  ['410', 'HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n', { statusCode: 410, error: 'status' }],
  [
    '503 with Retry-After',
    'HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy',
    { statusCode: 503, error: 'status', retryAfterMs: 7_000, responseExcerpt: 'busy' },
  ],
  [
    'Retry-After beyond all numbers',
    'HTTP/1.1 503 Busy\r\nRetry-After: 1e309\r\nContent-Length: 0\r\n\r\n',
    { statusCode: 503, error: 'status', retryAfterMs: null },
  ],
  [
    'Retry-After in the year 9999',
    'HTTP/1.1 429 Busy\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n',
    { statusCode: 429, error: 'status' },
  ],
  [
    'Retry-After twice',
    'HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n',
    { statusCode: 503, retryAfterMs: null },
  ],
  [
    'Retry-After twice, the same',
    'HTTP/1.1 503 Busy\r\nRetry-After: 7.5\r\nRetry-After: 7.5\r\nContent-Length: 0\r\n\r\n',
    { statusCode: 503, retryAfterMs: 7_500 },
  ],
  [
    '500 and then a reset',
    (socket) => socket.write('HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\nab', () => socket.resetAndDestroy()),
    { statusCode: 500, error: 'status' },
  ],
  [
    'NUL and no UTF-8',
    'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na\0\xffb',
    { ...DELIVERED, responseExcerpt: 'a\uFFFD\uFFFDb' },
  ],
  [
    'gzip that is no gzip',
    OK.replace('OK\r\n', 'OK\r\nContent-Encoding: gzip, gzip, gzip\r\n'),
    { ...DELIVERED, responseExcerpt: 'ok' },
  ],
];

function endWith(text: string): (socket: Socket) => void {
  return (socket) => socket.end(text, 'latin1');
}

describe('what a receiver answers', () => {
  for (const [name, answer, expected] of ANSWERS) {
    test(name, { timeout: 60_000 }, async () => {
      await using receiver = await rawReceiver((socket) =>
        typeof answer === 'string' ? socket.write(answer, 'latin1') : answer(socket),
      );
      await using sender = openSender();
      const outcome = await post(sender, receiver.url);
      assert.deepEqual({ ...outcome, ...expected }, outcome);
      assert.equal(receiver.requests.length, 1, 'the receiver got it once');
    });
  }

  for (const status of [301, 302, 303, 307, 308]) {
    test(`${status} is not followed`, async () => {
      await using target = await rawReceiver((socket) => socket.write(OK));
      await using receiver = await rawReceiver((socket) =>
        socket.write(
          `HTTP/1.1 ${status} There\r\nLocation: ${target.url}\r\nRefresh: 0; url=${target.url}\r\nContent-Length: 0\r\n\r\n`,
        ),
      );
      await using sender = openSender();
      const outcome = await post(sender, receiver.url);
      assert.equal(outcome.statusCode, status);
      assert.equal(outcome.error, 'status');
      await pause(20);
      assert.equal(target.connects, 0);
      assert.equal(receiver.requests.length, 1);
    });
  }

  test('100 Continue cut anywhere', async () => {
    const answer = `HTTP/1.1 100 Continue\r\nA: b\r\n\r\n${OK}`;
    for (const at of [1, 5, 9, 12, 20, 27, 29, 30, 31, 32, 40]) {
      await using receiver = await rawReceiver((socket) => {
        socket.write(answer.slice(0, at));
        setTimeout(() => socket.write(answer.slice(at)), 10);
      });
      await using sender = openSender();
      assert.equal((await post(sender, receiver.url)).statusCode, 200, `cut at ${at}`);
    }
  });
});

describe('what is sent', () => {
  test('one POST with the headers given, ours, and the body in UTF-8', async () => {
    await using receiver = await rawReceiver((socket) => socket.write(OK));
    await using sender = openSender({ userAgent: 'test/1' });
    await post(sender, `${receiver.url}?a=b%20c`, {
      headers: { 'webhook-id': 'x', 'x-own': 'é' },
      body: '"ü\u{1F600}"',
    });
    assert.equal(
      receiver.requests[0],
      `POST /hook?a=b%20c HTTP/1.1\r\nhost: 127.0.0.1:${receiver.port}\r\nconnection: keep-alive\r\nwebhook-id: x\r\nx-own: é\r\n` +
        `user-agent: test/1\r\naccept-encoding: identity\r\ncontent-length: 8\r\n\r\n${Buffer.from('"ü\u{1F600}"').toString('latin1')}`,
    );
  });

  test('an endpoint that brings its own user-agent keeps it', async () => {
    await using receiver = await rawReceiver((socket) => socket.write(OK));
    await using sender = openSender();
    await post(sender, receiver.url, { headers: { 'user-agent': 'mine' } });
    assert.match(receiver.requests[0] ?? '', /user-agent: mine\r\n/);
    assert.doesNotMatch(receiver.requests[0] ?? '', /triggers/);
  });

  test('headers that cannot be sent end the attempt and send nothing', async () => {
    await using receiver = await rawReceiver((socket) => socket.write(OK));
    await using sender = openSender();
    for (const [name, value] of [
      ['x-a', 'b\r\nx-c: d'],
      ['x-a', '中'],
      ['expect', '100-continue'],
      ['a b', 'c'],
      ['x-a', '\0'],
    ]) {
      const outcome = await post(sender, receiver.url, { headers: { [name ?? '']: value ?? '' } });
      assert.equal(outcome.error, 'connection_failed', JSON.stringify([name, value]));
    }
    assert.equal(receiver.requests.length, 0);
  });
});
