import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AttemptFailure } from '../../src/sender/attempt-failure.ts';
import { ResponseReader } from '../../src/sender/responses/response-reader.ts';
import { asNodeSees } from './node-client.ts';
import { RECEIVER_ANSWERS } from './receiver-answers.ts';

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

  for (const { name, text, status, isKept, body = 'ok' } of RECEIVER_ANSWERS) {
    test(`the status line decides, whatever the rest is: ${name}`, () => {
      const bytes = Buffer.from(text, 'latin1');
      const whole = readAll([bytes], true);
      assert.equal(whole.status, status);
      assert.equal(whole.keepMs > 0, isKept);
      if (status !== null) assert.equal(whole.body, body);
      const byteByByte = readAll(
        [...text].map((character) => Buffer.from(character, 'latin1'), true),
        true,
      );
      // What is behind the end is not known yet when a response comes byte by byte.
      assert.deepEqual({ ...byteByByte, keepMs: 0 }, { ...whole, keepMs: 0 });
    });
  }

  test('what Node makes of each of them is what is on record', async () => {
    for (const { name, text, others } of RECEIVER_ANSWERS) {
      const { status, body } = await asNodeSees(Buffer.from(text, 'latin1'));
      assert.equal(body === null ? null : status, others[0], name);
    }
  });

  /** Each head was scanned from its beginning for each piece: bytes times pieces. */
  test('bytes are looked at once, however many pieces they come in', () => {
    const LONG = 15_000;
    const heads = [
      `HTTP/1.1 200 ${'x'.repeat(LONG)}\r\nContent-Length: 0\r\n\r\n`,
      `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(LONG)}\r\nContent-Length: 0\r\n\r\n`,
      `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(3_000)}Content-Length: 0\r\n\r\n`,
      `${`HTTP/1.1 100 Continue\r\nA: ${'x'.repeat(3_000)}\r\n\r\n`.repeat(16)}HTTP/1.1 204\r\n\r\n`,
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${`1;${'x'.repeat(4_000)}\r\nx\r\n`.repeat(40)}0\r\n\r\n`,
    ];
    for (const head of heads) {
      const searched = bytesSearched(() => {
        assert.equal(readAll([...Buffer.from(head)].map((byte) => Buffer.of(byte))).end, 'done');
      });
      assert.ok(searched <= 6 * head.length, `${searched} of ${head.length}`);
    }
  });

  const BOUNDED: readonly (readonly [name: string, text: string, end: Read['end']])[] = [
    ['empty lines', '\r\n'.repeat(60_000), 'invalid_response'],
    ['line feeds', '\n'.repeat(60_000), 'invalid_response'],
    ['interim responses', 'HTTP/1.1 100\r\n\r\n'.repeat(17), 'invalid_response'],
    ['fields of interim responses', `HTTP/1.1 103\r\nA: ${'b'.repeat(8_000)}\r\n\r\n`.repeat(9), 'headers_too_large'],
    ['a reason', `HTTP/1.1 200 ${'x'.repeat(17_000)}`, 'headers_too_large'],
    ['a field', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(17_000)}`, 'headers_too_large'],
    ['folds', `HTTP/1.1 200 OK\r\nA: b\r\n${' c\r\n'.repeat(9_000)}`, 'headers_too_large'],
    ['lines without anything', `HTTP/1.1 200 OK\r\n${'x\r\n'.repeat(17_000)}`, 'headers_too_large'],
  ];
  for (const [name, text, end] of BOUNDED) {
    test(`bounded: ${name}`, () => {
      assert.equal(read(text).end, end);
      assert.equal(readAll([...text].map((character) => Buffer.from(character, 'latin1'))).end, end);
    });
  }

  const KINDS: readonly (readonly [text: string, detail: string])[] = [
    ['\x16\x03\x01\x02\x00', 'the receiver speaks TLS on an http address'],
    ['\x15\x03\x01\x00\x02\x02\x0a', 'the receiver speaks TLS on an http address'],
    ['\0\0\x12\x04\0\0\0\0\0', 'the receiver speaks HTTP/2 only'],
    ['SSH-2.0-x\r\n', 'the answer is not HTTP'],
    ['HTTP/1.1 2000 OK\r\n', 'the status line is malformed'],
    ['HTTP/1.1 101 X\r\n\r\n', 'the receiver switched protocols (101)'],
    ['\r\n'.repeat(17), 'too many empty lines before the status line'],
  ];
  for (const [text, detail] of KINDS) {
    test(`no answer: ${detail}`, () => {
      const reader = new ResponseReader({ onHead() {}, onBody() {} });
      assert.throws(
        () => reader.read(Buffer.from(text, 'latin1')),
        (error) => error instanceof AttemptFailure && error.error === 'invalid_response' && error.detail === detail,
      );
    });
  }

  /** Every oddity beside every other, cut anywhere: none of them changes what the status line said. */
  test('generated answers of careless receivers', () => {
    const lines = fc.array(fc.constantFrom(...ODD_LINES), { maxLength: 6 });
    const frames = fc.constantFrom(...ODD_FRAMES);
    const heads = fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.0 200', 'HTTP/1.1  202 \xe4\xf6', 'HTTP/1.1 500 No');
    const interim = fc.constantFrom('', '\r\n', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Hints\nx\n\n');
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
    fc.assert(
      fc.property(
        interim,
        heads,
        lines,
        frames,
        fc.constantFrom('\r\n', '\n'),
        cuts,
        (first, head, odd, frame, end, at) => {
          const [fields, body] = frame;
          const text = `${first}${[head, ...odd, ...fields, '', ''].join(end)}${body}`;
          const bytes = Buffer.from(text, 'latin1');
          const places = [
            0,
            ...at.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b),
            bytes.length,
          ];
          const seen = readAll(
            places.slice(1).map((place, n) => bytes.subarray(places[n], place)),
            true,
          );
          assert.equal(seen.status, Number(/\d{3}/.exec(head)?.[0]), text);
          assert.ok(seen.body.length <= body.length);
          if (odd.length > 0 || end === '\n') assert.equal(seen.keepMs, 0, text);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  /**
   * Whatever is done to a response: where Node's own parser makes sense of it the status and the body are the same here, and
   * where Node refuses it the connection is not used again.
   */
  test('whatever is done to it, Node reads the same, or the connection is given up', { timeout: 60_000 }, async () => {
    let agreed = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        // Not the one with interim responses, of which Node's parser has its own ideas.
        fc.constantFrom(...WHOLE.slice(0, -1)),
        fc.array(CHANGE, { minLength: 1, maxLength: 3 }),
        async ([text], changes) => {
          const bytes = changes.reduce(changed, Buffer.from(text, 'latin1'));
          // Of what stands behind a whole response Node makes an error, and we the end of the connection.
          let used = bytes.length;
          if (readAll([bytes]).end === 'done') {
            while (used > 1 && readAll([bytes.subarray(0, used - 1)]).end === 'done') used--;
          }
          const seen = bytes.subarray(0, used);
          const ours = readAll([seen], true);
          const theirs = await asNodeSees(seen);
          if (theirs.status !== null && theirs.body !== null) {
            if (ours.status === null) return assert.ok(theirs.status < 200, bytes.toString('latin1'));
            agreed++;
            assert.deepEqual([ours.status, ours.body], [theirs.status, theirs.body], bytes.toString('latin1'));
          } else {
            refused++;
            assert.equal(ours.keepMs, 0, bytes.toString('latin1'));
          }
        },
      ),
      { numRuns: 20_000 },
    );
    assert.ok(agreed > 300 && refused > 1_000, `${agreed} agreed, ${refused} refused`);
  });
});

/** Each is refused by some other program. */
const ODD_LINES = [
  ' fold',
  '\tfold',
  'nonsense',
  ': x',
  'A : b',
  'A\t: b',
  'A B: c',
  'A: \0',
  'A: \rB: c',
  '\xe4: b',
  'A(: b',
  '\x7f',
];
const ODD_FRAMES: readonly (readonly [fields: readonly string[], body: string])[] = [
  [['Content-Length: 2'], 'ok'],
  [['Content-Length: 2', 'Content-Length: 2'], 'ok'],
  [['Content-Length: 2', 'Content-Length: 20'], 'ok'],
  [['Content-Length: -2'], 'ok'],
  [['Content-Length: 9, x'], 'ok'],
  [['Content-Length: 2', 'Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked', 'Content-Length : 2'], '2\r\nok\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], 'ffffffff\r\nok'],
  [['Transfer-Encoding: chunked'], '-1\r\nok\r\n'],
  [['Transfer-Encoding: chunked'], '2\nok\n0\n\n'],
  [['Transfer-Encoding: chunked'], 'ok'],
  [['Transfer-Encoding: \x0bchunked'], 'ok'],
  [[], 'ok'],
];

/** Counts what is searched and copied while `work` runs. */
function bytesSearched(work: () => void): number {
  const { indexOf, copy } = Buffer.prototype;
  let bytes = 0;
  Buffer.prototype.indexOf = function (this: Buffer, ...args: Parameters<typeof indexOf>) {
    bytes += this.length;
    return indexOf.apply(this, args);
  };
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<typeof copy>) {
    const copied = copy.apply(this, args);
    bytes += copied;
    return copied;
  };
  try {
    work();
  } finally {
    Object.assign(Buffer.prototype, { indexOf, copy });
  }
  return bytes;
}

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
