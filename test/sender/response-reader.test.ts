import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AttemptFailure } from '../../src/sender/attempt-failure.ts';
import { ResponseReader } from '../../src/sender/response-reader.ts';

/** What was made of some bytes: the response, why there is none, or that more is to come. */
interface Read {
  readonly status: number | null;
  readonly body: string;
  readonly end: 'done' | 'more' | 'invalid_response' | 'headers_too_large';
  readonly keepMs: number;
  readonly retryAfter: string | undefined;
}

function readAll(pieces: readonly Buffer[], isClosed = false): Read {
  let status: number | null = null;
  let retryAfter: string | undefined;
  let heads = 0;
  const body: Buffer[] = [];
  const reader = new ResponseReader({
    onHead: (code, after) => {
      status = code;
      retryAfter = after;
      heads++;
    },
    onBody: (piece) => body.push(Buffer.from(piece)),
  });
  let end: Read['end'] = 'more';
  try {
    for (const piece of pieces) if (!reader.isDone) reader.read(piece);
    if (isClosed) reader.end();
    if (reader.isDone) end = 'done';
  } catch (error) {
    assert.ok(error instanceof AttemptFailure);
    end = error.error as Read['end'];
  }
  assert.ok(heads <= 1);
  return { status, retryAfter, end, body: Buffer.concat(body).toString('latin1'), keepMs: reader.keepMs };
}

const read = (text: string, isClosed = false): Read => readAll([Buffer.from(text, 'latin1')], isClosed);

/** A response in parts, with what it comes to. */
const BODY = 'some text\r\n\r\nHTTP/1.1 500 No\r\n\r\n0\r\n\r\n';
const CHUNKED = `5;a="b"\r\nsome \r\n${(BODY.length - 5).toString(16)}\r\n${BODY.slice(5)}\r\n000\r\nx-trailer: 1\r\n\r\n`;
const WHOLE: readonly (readonly [text: string, body: string])[] = [
  [`HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`, BODY],
  [`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`, BODY],
  [`HTTP/1.1 200 OK\r\ntransfer-encoding:gzip, Chunked \r\nX: \xff\r\n\r\n${CHUNKED}`, BODY],
  ['HTTP/1.1 204 No Content\r\n\r\n', ''],
  [`\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: </a>\r\n\r\nHTTP/1.1 304\r\n\r\n`, ''],
];

describe('a response', () => {
  for (const [text, body] of WHOLE) {
    test(`is the same however it is cut: ${JSON.stringify(text.slice(0, 50))}`, () => {
      const whole = read(text);
      assert.deepEqual([whole.end, whole.body, whole.keepMs], ['done', body, 4_000]);
      const cuts = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 8 });
      fc.assert(
        fc.property(cuts, (unsorted) => {
          const at = [0, ...unsorted.sort((a, b) => a - b), text.length];
          const pieces = at.slice(1).map((end, n) => Buffer.from(text.slice(at[n], end), 'latin1'));
          assert.deepEqual(readAll(pieces), whole);
        }),
        { numRuns: 300 },
      );
      const bytes = [...text].map((character) => Buffer.from(character, 'latin1'));
      assert.deepEqual(readAll(bytes), whole);
      assert.equal(readAll(bytes.slice(0, -1)).end, 'more');
    });
  }

  const KEPT: readonly (readonly [name: string, fields: string, keepMs: number])[] = [
    ['4 s unless it says otherwise', '', 4_000],
    ['not at all', 'Connection: close', 0],
    ['not at all, said among others', 'Connection: foo\r\nConnection: Close', 0],
    ['less than it says', 'Keep-Alive: timeout=5, max=10', 3_000],
    ['not where that leaves nothing', 'Keep-Alive: timeout=2', 0],
    ['30 s at most', 'Keep-Alive: timeout=3600', 30_000],
  ];
  for (const [name, fields, keepMs] of KEPT) {
    test(`its connection is kept: ${name}`, () => {
      const text = `HTTP/1.1 200 OK\r\n${fields === '' ? '' : `${fields}\r\n`}Content-Length: 0\r\n\r\n`;
      assert.equal(read(text).keepMs, keepMs);
      assert.equal(read(`${text}H`).keepMs, 0, 'with more behind it');
      assert.equal(read(text.replace('1.1', '1.0')).keepMs, 0, 'of HTTP/1.0');
    });
  }

  test('one of HTTP/1.0 is kept where it says so', () => {
    assert.equal(read('HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n').keepMs, 4_000);
  });

  test('without a length it ends with the connection, which is not kept', () => {
    const text = 'HTTP/1.1 200 OK\r\n\r\nall of it';
    assert.equal(read(text).end, 'more');
    assert.deepEqual(read(text, true), {
      status: 200,
      body: 'all of it',
      end: 'done',
      keepMs: 0,
      retryAfter: undefined,
    });
    assert.equal(read('HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n', true).body, '0\r\n\r\n');
  });

  const INVALID: Record<string, string> = {
    'a bare line feed': 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n',
    'a bare carriage return': 'HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n',
    'a space before the colon': 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n',
    'a folded field': 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n',
    'a field without a name': 'HTTP/1.1 200 OK\r\n: b\r\n\r\n',
    'a NUL': 'HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n',
    'HTTP/2': 'HTTP/2 200 OK\r\n\r\n',
    'HTTP/1.2': 'HTTP/1.2 200 OK\r\n\r\n',
    'a length in hexadecimal': 'HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok',
    'a length with a sign': 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok',
    'a length beyond numbers': `HTTP/1.1 200 OK\r\nContent-Length: ${'9'.repeat(30)}\r\n\r\nok`,
    'the same length twice': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok',
    'two lengths in one': 'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok',
    'a chunk without an end': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay',
    'a chunk with more behind it than an end': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\rX\r\n',
    'a chunk with a sign': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nok',
  };
  for (const [name, text] of Object.entries(INVALID)) {
    test(`invalid: ${name}`, () => assert.equal(read(text).end, 'invalid_response'));
  }

  /**
   * Whatever is done to a response, the reader refuses it, waits, or sees the same status as Node's own parser, and the same
   * body where Node makes sense of it: so that nothing counts as delivered that another client would call failed.
   */
  test('whatever is done to it, Node reads the same', { timeout: 60_000 }, async () => {
    let agreed = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        // Not the one with interim responses, of which Node's parser has its own ideas.
        fc.constantFrom(...WHOLE.slice(0, -1)),
        fc.array(CHANGE, { minLength: 1, maxLength: 3 }),
        async ([text], changes) => {
          const bytes = changes.reduce(changed, Buffer.from(text, 'latin1'));
          const ours = readAll([bytes]);
          if (ours.end !== 'done') return;
          agreed++;
          // Of what stands behind a whole response Node makes an error, and we the end of the connection.
          let used = bytes.length;
          while (used > 1 && readAll([bytes.subarray(0, used - 1)]).end === 'done') used--;
          const theirs = await asNodeSees(bytes.subarray(0, used));
          assert.equal(ours.status, theirs.status, bytes.toString('latin1'));
          if (theirs.body !== null) assert.equal(ours.body, theirs.body, bytes.toString('latin1'));
          else refused++;
        },
      ),
      { numRuns: 40_000 },
    );
    assert.ok(agreed > 1_000 && refused < agreed / 10, `${agreed} were whole, of which Node refused ${refused}`);
  });
});

/** What stands between fields and chunks, and what parsers have disagreed about. */
const PIECES = ['\r\n', '\n', '\r', '\0', ' ', '\t', ':', ';', ',', '0', '9', 'a', '\xff', '\r\n\r\n', '\r\n '];
const CHANGE = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removes: fc.integer({ min: 0, max: 3 }),
  puts: fc.oneof(
    fc.constantFrom(...PIECES),
    fc.constant(''),
    fc.constantFrom('Content-Length: 3\r\n', 'Connection: close\r\n'),
  ),
});

function changed(bytes: Buffer, change: { at: number; removes: number; puts: string }): Buffer {
  const at = Math.floor(change.at * bytes.length);
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.from(change.puts, 'latin1'),
    bytes.subarray(at + change.removes),
  ]);
}

/**
 * A request of Node's over a connection that answers with these bytes, and then closes.
 * @returns body: null where it is framed in a way that Node refuses
 */
function asNodeSees(bytes: Buffer): Promise<{ status: number | null; body: string | null }> {
  return new Promise((resolve) => {
    let isAnswered = false;
    const connection = new Duplex({
      read() {
        // Once asked.
      },
      write(_chunk, _encoding, callback) {
        callback();
        if (isAnswered) return;
        isAnswered = true;
        this.push(bytes);
        this.push(null);
      },
    });
    let status: number | null = null;
    const failed = () => resolve({ status, body: null });
    const asked = httpRequest({ method: 'POST', createConnection: () => connection });
    asked.on('error', failed);
    asked.on('response', (response) => {
      status = response.statusCode ?? null;
      const body: Buffer[] = [];
      response.on('data', (piece: Buffer) => body.push(piece));
      response.on('error', failed);
      response.on('end', () => resolve({ status, body: Buffer.concat(body).toString('latin1') }));
    });
    asked.end('x');
  });
}
