import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { MAX_EVENT_BODY_BYTES, MAX_HEADER_BYTES } from '../../core/limits.ts';
import { isJsonType } from '../http/answers/index.ts';

/** A complete `POST /api/events` in the form that most clients send. */
export interface PlainRequest {
  /** The fields that have a meaning here, each at most once. */
  readonly headers: IncomingHttpHeaders;
  /** Valid UTF-8. */
  readonly body: Buffer;
}

/** `incomplete` = the rest of the body is missing. `unusual` = for Node's parser, whatever its result. */
export type Reading = PlainRequest | 'incomplete' | 'unusual';

const REQUEST_LINE = 'POST /api/events HTTP/1.1\r\n';
const HEAD_END = '\r\n\r\n';
/** Field lines of RFC 9112, section 5, in ASCII; no folding, no bare CR or LF, no space before the colon. */
const FIELD_LINES = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e]*\r\n)+$/;
const LENGTH = /^[1-9]\d{0,6}$/;

/** Fields that are read. A repeated one is unusual. */
const KNOWN: ReadonlySet<string> = new Set([
  'host',
  'content-type',
  'content-length',
  'x-api-key',
  'authorization',
  'idempotency-key',
  'x-request-id',
  'traceparent',
  'connection',
]);

/** Fields that change the framing or the handling of a request. A request with one of them is unusual. */
const UNUSUAL: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'trailer',
  'te',
  'x-triggers-hops',
]);

/**
 * Reads a `POST /api/events` in its plainest form. Anything else is `unusual`, never an error.
 * @param piece all bytes since the last request
 */
export function readPlainRequest(piece: Buffer): Reading {
  if (piece.toString('latin1', 0, REQUEST_LINE.length) !== REQUEST_LINE) return 'unusual';
  const headEnd = piece.indexOf(HEAD_END, REQUEST_LINE.length - 2);
  if (headEnd < 0 || headEnd > MAX_HEADER_BYTES / 2) return 'unusual';
  const headers = readFields(piece.toString('latin1', REQUEST_LINE.length, headEnd + 2));
  if (headers === undefined || !isPlain(headers)) return 'unusual';
  const start = headEnd + HEAD_END.length;
  const missing = Number(headers['content-length']) - (piece.length - start);
  if (missing > 0) return 'incomplete';
  const body = piece.subarray(start);
  return missing === 0 && isUtf8(body) ? { headers, body } : 'unusual';
}

function readFields(lines: string): IncomingHttpHeaders | undefined {
  if (!FIELD_LINES.test(lines)) return undefined;
  const headers: Record<string, string> = {};
  let start = 0;
  while (start < lines.length) {
    const end = lines.indexOf('\r\n', start);
    const colon = lines.indexOf(':', start);
    const name = lines.slice(start, colon).toLowerCase();
    if (KNOWN.has(name)) {
      if (name in headers) return undefined;
      headers[name] = lines.slice(colon + 1, end).trim();
    } else if (UNUSUAL.has(name) || name.startsWith('ce-')) {
      return undefined;
    }
    start = end + 2;
  }
  return headers;
}

function isPlain(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length'];
  return (
    length !== undefined &&
    LENGTH.test(length) &&
    Number(length) <= MAX_EVENT_BODY_BYTES &&
    headers.host !== undefined &&
    isJsonType(headers['content-type']) &&
    (headers.connection === undefined || headers.connection.toLowerCase() === 'keep-alive')
  );
}
