import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readPlainRequest } from '../../src/api/fast-path/plain-request.ts';

const BODY = '{"type":"user.created","data":{"name":"Zoë"}}';
const FIELDS = [
  'Host: localhost:8000',
  'X-API-Key: some-key',
  'Content-Type: application/json',
  `Content-Length: ${Buffer.byteLength(BODY)}`,
  'User-Agent: test/1.0 (it; is)',
];

const HEAD_FIELDS = [...FIELDS.slice(0, 3), 'Idempotency-Key: one', 'X-Odd: 1'].join('\r\n');

const request = (fields: readonly string[], body = BODY, line = 'POST /api/events HTTP/1.1') =>
  Buffer.from([line, ...fields, '', body].join('\r\n'));
const without = (name: string) => FIELDS.filter((field) => !field.startsWith(name));

describe('plain requests', () => {
  test('one as clients send it is read', () => {
    const read = readPlainRequest(
      request([...FIELDS, 'Idempotency-Key:  one ', 'accept: */*', 'Connection: Keep-Alive']),
    );
    assert.ok(typeof read === 'object');
    assert.equal(read.body.toString(), BODY);
    assert.deepEqual(read.headers, {
      host: 'localhost:8000',
      'x-api-key': 'some-key',
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(BODY)),
      'idempotency-key': 'one',
      connection: 'Keep-Alive',
    });
  });

  test('incomplete: the rest of the body is to come', () => {
    const whole = request(FIELDS);
    assert.equal(readPlainRequest(whole.subarray(0, whole.length - 1)), 'incomplete');
    assert.equal(readPlainRequest(whole.subarray(0, whole.length - Buffer.byteLength(BODY))), 'incomplete');
  });

  const unusual: Record<string, Buffer> = {
    'a head that is not whole': request(FIELDS).subarray(0, 60),
    'another method': request(FIELDS, BODY, 'PUT /api/events HTTP/1.1'),
    'another address': request(FIELDS, BODY, 'POST /api/events/ HTTP/1.1'),
    'a query': request(FIELDS, BODY, 'POST /api/events?x=1 HTTP/1.1'),
    'HTTP/1.0': request(FIELDS, BODY, 'POST /api/events HTTP/1.0'),
    'more behind it': Buffer.concat([request(FIELDS), Buffer.from('P')]),
    'no Host': request(without('Host')),
    'two Hosts': request([...FIELDS, 'Host: localhost']),
    'no length': request(without('Content-Length')),
    'two lengths': request([...FIELDS, 'Content-Length: 3']),
    'a length with a sign': request([...without('Content-Length'), `Content-Length: +${Buffer.byteLength(BODY)}`]),
    'a length with a leading zero': request([
      ...without('Content-Length'),
      `Content-Length: 0${Buffer.byteLength(BODY)}`,
    ]),
    'a length of nothing': request([...without('Content-Length'), 'Content-Length: 0'], ''),
    'a length above what is allowed': request([...without('Content-Length'), 'Content-Length: 600000']),
    chunks: request([...FIELDS, 'Transfer-Encoding: chunked']),
    'a compressed body': request([...FIELDS, 'Content-Encoding: gzip']),
    'an expectation': request([...FIELDS, 'Expect: 100-continue']),
    'an upgrade': request([...FIELDS, 'Connection: upgrade', 'Upgrade: h2c']),
    'the last of its connection': request([...FIELDS, 'Connection: close']),
    'a CloudEvent': request([...FIELDS, 'CE-SpecVersion: 1.0']),
    'another media type': request([...without('Content-Type'), 'Content-Type: text/plain']),
    'one of our own webhooks': request([...FIELDS, 'X-Triggers-Hops: 1']),
    'a space before the colon': request([...FIELDS, 'X-Odd : 1']),
    'a folded field': request([...FIELDS, 'X-Odd: 1\r\n 2']),
    'a bare line feed': request([...FIELDS, 'X-Odd: 1\nTransfer-Encoding: chunked']),
    'a bare carriage return': request([...FIELDS, 'X-Odd: 1\rTransfer-Encoding: chunked']),
    'a name that is empty': request([...FIELDS, ': 1']),
    'a field without a colon': request([...FIELDS, 'X-Odd']),
    'a field that is not ASCII': request([...FIELDS, 'X-Odd: é']),
    'a body that is not UTF-8': Buffer.concat([request(FIELDS).subarray(0, -1), Buffer.from([0xff])]),
  };
  for (const [name, bytes] of Object.entries(unusual)) {
    test(`unusual: ${name}`, () => assert.equal(readPlainRequest(bytes), 'unusual'));
  }

  /**
   * The reader may never see another request than Node's own parser would: not another length, not another field, not one
   * request where Node sees two. Whatever is done to the bytes of a request, it is unusual or both agree.
   */
  test('whatever is done to a request, it is unusual or Node reads the same', { timeout: 120_000 }, async () => {
    const server = createServer({ requireHostHeader: false });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    let plain = 0;
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(CHANGE, { minLength: 1, maxLength: 3 }), fc.boolean(), async (changes, inHead) => {
          // Most changes elsewhere than in the head only make the length wrong.
          const bytes = inHead
            ? request([changes.reduce(changed, Buffer.from(HEAD_FIELDS)).toString('latin1'), ...FIELDS.slice(3)])
            : changes.reduce(changed, request([...FIELDS, 'Idempotency-Key: one']));
          const read = readPlainRequest(bytes);
          if (typeof read === 'string') return;
          plain++;
          const seen = await asNodeSees(port, server, bytes);
          assert.equal(seen.length, 1, bytes.toString('latin1'));
          assert.equal(seen[0]?.line, 'POST /api/events');
          assert.deepEqual(seen[0]?.body, Buffer.from(read.body));
          for (const [name, value] of Object.entries(read.headers)) assert.equal(seen[0]?.headers[name], value, name);
        }),
        { numRuns: 5_000 },
      );
      assert.ok(plain > 300, `only ${plain} were plain`);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

/** What stands between requests and fields, and what parsers have disagreed about. */
const ODD = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  '0',
  '9',
  '\0',
  'é',
  ',',
  ';',
  '\x7f',
  'Transfer-Encoding: chunked\r\n',
];

const CHANGE = fc.record({
  at: fc.nat({ max: 999 }),
  /** How many bytes go. */
  removed: fc.constantFrom(0, 0, 1, 1, 2, 10),
  added: fc.oneof(fc.constantFrom('', ...ODD), fc.string({ maxLength: 3 })),
});

function changed(bytes: Buffer, { at, removed, added }: { at: number; removed: number; added: string }): Buffer {
  const place = at % bytes.length;
  return Buffer.concat([bytes.subarray(0, place), Buffer.from(added, 'latin1'), bytes.subarray(place + removed)]);
}

interface Seen {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Every request that Node's server reads of these bytes, on one connection. */
function asNodeSees(port: number, server: ReturnType<typeof createServer>, bytes: Buffer): Promise<Seen[]> {
  const seen: Seen[] = [];
  return new Promise((resolve, reject) => {
    server.removeAllListeners('request');
    server.on('request', (message, response) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () => {
        seen.push({ line: `${message.method} ${message.url}`, headers: message.headers, body: Buffer.concat(chunks) });
        response.end();
      });
    });
    // Half closed: Node answers what it has read, then ends the connection.
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    socket.resume().on('error', reject);
    socket.on('close', () => resolve(seen));
  });
}
