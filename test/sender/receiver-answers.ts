/**
 * Answers of receivers, regular and odd: what other clients make of each (recorded from Node 24, Go 1.26 and curl 7.88 with
 * `test/sender/other-clients.ts`), and what an attempt comes to here. Ours, no file of another project's corpus.
 */
export interface ReceiverAnswer {
  readonly name: string;
  /** Bytes as Latin-1. The connection is closed after them. */
  readonly text: string;
  /** What an attempt comes to: a status, or null: `invalid_response`, `connection_reset` or `headers_too_large`. */
  readonly status: number | null;
  /** Whether the connection may be used again. */
  readonly isKept: boolean;
  readonly body?: string;
  /** Node, Go, curl: the status that each reports without an error, or null. */
  readonly others: readonly [node: number | null, go: number | null, curl: number | null];
}

const LENGTH_2 = 'Content-Length: 2\r\n\r\nok';
const CHUNKED_2 = '2\r\nok\r\n0\r\n\r\n';

type Others = ReceiverAnswer['others'];
const ALL: Others = [200, 200, 200];
const NONE: Others = [null, null, null];
const NOT_NODE: Others = [null, 200, 200];
const CURL_ONLY: Others = [null, null, 200];

function fields(name: string, lines: string, others: Others, more: Partial<ReceiverAnswer> = {}): ReceiverAnswer {
  return {
    name,
    text: `HTTP/1.1 200 OK\r\n${lines}${LENGTH_2}`,
    status: 200,
    isKept: false,
    body: 'ok',
    others,
    ...more,
  };
}

function framed(name: string, lines: string, body: string, more: Partial<ReceiverAnswer>): ReceiverAnswer {
  const text = `HTTP/1.1 200 OK\r\n${lines}\r\n${body}`;
  return { name, text, status: 200, isKept: false, body: 'ok', others: ALL, ...more };
}

function statusLine(line: string, others: Others, more: Partial<ReceiverAnswer> = {}): ReceiverAnswer {
  return { name: JSON.stringify(line), text: `${line}\r\n${LENGTH_2}`, status: 200, isKept: false, others, ...more };
}

const REFUSED = { status: null, isKept: false };

const STATUS_LINES: readonly ReceiverAnswer[] = [
  statusLine('HTTP/1.1 200 OK', ALL, { isKept: true }),
  statusLine('HTTP/1.1 200', ALL, { isKept: true }),
  statusLine('HTTP/1.1 200 ', ALL, { isKept: true }),
  statusLine('HTTP/1.1 200 \xc3\x9cbel\xff', ALL, { isKept: true }),
  statusLine('HTTP/1.1 200 O\x01K', ALL),
  statusLine('HTTP/1.1 200 O\rK', NOT_NODE),
  statusLine('HTTP/1.1  200 OK', NOT_NODE),
  statusLine('HTTP/1.1 200\tOK', CURL_ONLY),
  statusLine('HTTP/1.1 200OK', CURL_ONLY),
  statusLine('http/1.1 200 OK', CURL_ONLY),
  statusLine('HTTP/1.0 200 OK', ALL),
  statusLine('HTTP/1.2 200 OK', [null, 200, null]),
  statusLine('HTTP/2.0 200 OK', ALL),
  statusLine('HTTP/1.1 999 Odd', [999, 999, 999], { status: 999, isKept: true }),
  statusLine('HTTP/2 200 OK', CURL_ONLY, REFUSED),
  statusLine('HTTP/3 200 OK', NONE, REFUSED),
  statusLine('HTTP/0.9 200 OK', [200, 200, null], REFUSED),
  statusLine('HTTP/01.1 200 OK', NONE, REFUSED),
  statusLine('ICY 200 OK', NONE, REFUSED),
  statusLine(' HTTP/1.1 200 OK', NONE, REFUSED),
  statusLine('\xef\xbb\xbfHTTP/1.1 200 OK', NONE, REFUSED),
  statusLine('HTTP/1.1 099 Odd', [99, 99, null], REFUSED),
  statusLine('HTTP/1.1 20 OK', NONE, REFUSED),
  statusLine('HTTP/1.1 2000 OK', NONE, REFUSED),
];

const FIELDS: readonly ReceiverAnswer[] = [
  fields(
    'a folded field',
    "Content-Security-Policy: default-src 'self';\r\n  img-src *;\r\n\tscript-src x\r\n",
    NOT_NODE,
  ),
  fields('a folded field, LF alone', 'A: b\n c\r\n', NOT_NODE),
  fields('a fold before the first field', ' folded: x\r\n', NONE),
  fields('a space before the colon', 'X-A : b\r\n', NOT_NODE),
  fields('a tab before the colon', 'X-A\t: b\r\n', CURL_ONLY),
  fields('a space in the name', 'X A: b\r\n', NOT_NODE),
  fields('no colon', 'nonsense\r\n', NONE),
  fields('no name', ': b\r\n', CURL_ONLY),
  fields('parentheses in the name', 'X(A): b\r\n', CURL_ONLY),
  fields('UTF-8 in the name', 'X-\xc3\xa9: b\r\n', CURL_ONLY),
  fields('a bare CR in the value', 'A: b\rC: d\r\n', CURL_ONLY),
  fields('NUL in the value', 'A: b\0c\r\n', NONE),
  fields('control characters in the value', 'A: b\x01c\x7f\r\n', CURL_ONLY),
  fields('bytes from 0x80 in the value', 'A: \xff\xfe\r\n', ALL, { isKept: true }),
  fields('an empty value', 'A:\r\n', ALL, { isKept: true }),
  fields('one line that ends in LF alone', 'A: b\n', NOT_NODE),
  fields('20 KB in one field', `A: ${'b'.repeat(20_000)}\r\n`, NOT_NODE, { ...REFUSED, body: '' }),
  {
    ...fields('LF alone everywhere', '', NOT_NODE),
    text: 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
  },
];

const FRAMES: readonly ReceiverAnswer[] = [
  framed('a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', CHUNKED_2, { others: NOT_NODE }),
  framed('chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 2\r\n', CHUNKED_2, { others: NOT_NODE }),
  framed('the same length twice', 'Content-Length: 2\r\nContent-Length: 2\r\n', 'ok', { others: NOT_NODE }),
  framed('the same length in a list', 'Content-Length: 2, 2\r\n', 'ok', { others: CURL_ONLY }),
  framed('two lengths', 'Content-Length: 3\r\nContent-Length: 2\r\n', 'ok', { others: CURL_ONLY }),
  framed('a length with a sign', 'Content-Length: +2\r\n', 'ok', { others: CURL_ONLY }),
  framed('a length below 0', 'Content-Length: -1\r\n', 'ok', { others: NONE }),
  framed('a length in hexadecimal', 'Content-Length: 0x2\r\n', 'ok', { others: CURL_ONLY }),
  framed('a length of nothing', 'Content-Length:\r\n', 'ok', { others: NONE }),
  framed('a length in words', 'Content-Length: two\r\n', 'ok', { others: NONE }),
  framed('a length beyond numbers', `Content-Length: ${'9'.repeat(30)}\r\n`, 'ok', { others: CURL_ONLY }),
  framed('a folded length', 'Content-Length:\r\n 2\r\n', 'ok', { others: [null, 200, null] }),
  framed('a space before the colon of the length', 'Content-Length : 2\r\n', 'ok', { others: NOT_NODE }),
  framed('identity and a length', 'Transfer-Encoding: identity\r\nContent-Length: 2\r\n', 'ok', { others: CURL_ONLY }),
  framed('gzip to the end', 'Transfer-Encoding: gzip\r\n', 'ok', { others: [200, null, null] }),
  framed('no coding that anybody knows', 'Transfer-Encoding: xchunked\r\n', 'ok', { others: [200, null, null] }),
  framed('chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', CHUNKED_2, {
    others: [200, null, 200],
  }),
  framed('no length', '', 'ok', {}),
  framed('chunks', 'Transfer-Encoding: chunked\r\n', CHUNKED_2, { isKept: true }),
  framed('chunks with extensions', 'Transfer-Encoding: chunked\r\n', '2;a="b"\r\nok\r\n0\r\n\r\n', { isKept: true }),
  framed('chunks that end in LF alone', 'Transfer-Encoding: chunked\r\n', '2\nok\n0\n\n', { others: CURL_ONLY }),
  framed('a chunk without a size', 'Transfer-Encoding: chunked\r\n', 'zz\r\nok\r\n0\r\n\r\n', {
    others: NONE,
    body: '',
  }),
  framed('a trailer without a colon', 'Transfer-Encoding: chunked\r\n', '2\r\nok\r\n0\r\nnonsense\r\n\r\n', {
    others: NONE,
  }),
  framed('chunks cut off', 'Transfer-Encoding: chunked\r\n', '2\r\nok\r\n', { others: NONE }),
  framed('a body cut off', 'Content-Length: 20\r\n', 'ok', { others: NONE }),
  {
    ...framed('chunks of HTTP/1.0', '', '', { others: ALL }),
    text: `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED_2}`,
  },
  {
    ...framed('204 with a body', '', '', { others: [null, 204, 204], status: 204, body: '' }),
    text: `HTTP/1.1 204 No Content\r\n${LENGTH_2}`,
  },
];

const AROUND: readonly ReceiverAnswer[] = [
  {
    ...statusLine('HTTP/1.1 200 OK', [200, null, null], { isKept: true }),
    name: 'empty lines first',
    text: `\r\n\r\nHTTP/1.1 200 OK\r\n${LENGTH_2}`,
  },
  {
    ...statusLine('HTTP/1.1 200 OK', NONE, { isKept: true }),
    name: '100 with a malformed field first',
    text: `HTTP/1.1 100 Continue\r\nnonsense\r\n\r\nHTTP/1.1 200 OK\r\n${LENGTH_2}`,
  },
  { name: 'a head cut off', text: 'HTTP/1.1 200 OK\r\nContent-Le', ...REFUSED, others: CURL_ONLY },
  { name: 'a status line cut off', text: 'HTTP/1.1 200 O', ...REFUSED, others: NONE },
  { name: 'no HTTP', text: 'SSH-2.0-OpenSSH_9.2\r\n', ...REFUSED, others: NONE },
  {
    ...statusLine('HTTP/1.1 200 OK', NOT_NODE),
    name: 'more than there is to read',
    text: `HTTP/1.1 200 OK\r\n${LENGTH_2}more`,
  },
];

export const RECEIVER_ANSWERS: readonly ReceiverAnswer[] = [...STATUS_LINES, ...FIELDS, ...FRAMES, ...AROUND];
