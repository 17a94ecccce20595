import { MAX_HEADER_BYTES, MAX_RESPONSE_WIRE_BYTES } from '../core/limits.ts';
import type { Milliseconds } from '../core/time.ts';
import { AttemptFailure } from './attempt-failure.ts';

/** Below the 5 s after which Node's and many other servers close an idle connection: we had better be first. */
const KEEP_ALIVE_MS: Milliseconds = 4_000;
const MAX_KEEP_ALIVE_MS: Milliseconds = 30_000;
/** A receiver's `Keep-Alive: timeout` less the time on the wire. */
const KEEP_ALIVE_MARGIN_MS: Milliseconds = 2_000;
/** `100`, `102`, `103`, …: more than this are no answer but a way to keep us busy. */
const MAX_INTERIM_RESPONSES = 16;
/** The line before a chunk, or one of a trailer. */
const MAX_LINE_BYTES = 4_096;

const CRLF = '\r\n';
const HEAD_END = '\r\n\r\n';
/** Of RFC 9112, section 4: three digits, and a reason that may be left out with its space. */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** Field lines of RFC 9112, section 5: no folding, no bare CR or LF, no space before the colon. */
const FIELD_LINES = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;
const CHUNK_LINE = /^0{0,16}([0-9a-fA-F]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const WANTED: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'retry-after',
]);

/** What becomes of a response, as it comes. */
export interface ResponseSink {
  /**
   * Of the final response, once.
   * @param retryAfter the field's value; undefined when it is absent or repeated
   */
  onHead(statusCode: number, retryAfter: string | undefined): void;
  onBody(piece: Buffer): void;
}

type State = 'head' | 'length' | 'chunk_line' | 'chunk' | 'chunk_end' | 'trailer' | 'until_close' | 'done';

interface Fields {
  readonly values: ReadonlyMap<string, string>;
  readonly repeated: ReadonlySet<string>;
}

/**
 * Reads the one response to a POST (RFC 9112), however it is cut, interim ones before it. What the protocol does not allow is
 * refused, not guessed at; whatever leaves doubt where a response ends costs the connection. Holds a head or a line at most.
 */
export class ResponseReader {
  readonly #sink: ResponseSink;
  #state: State = 'head';
  #held: Buffer | null = null;
  /** Of all kinds, interim responses and empty lines included. */
  #received = 0;
  #interimResponses = 0;
  /** Bytes of the body, or of the chunk, that are still to come. */
  #left = 0;
  #keepMs: Milliseconds = 0;
  #hasExcess = false;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Whether any byte has come. */
  get hasBegun(): boolean {
    return this.#received > 0;
  }

  /** Whether all of it has come. */
  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** How long the connection may be kept for another request; 0: not at all. Known when it is done. */
  get keepMs(): Milliseconds {
    return this.isDone && !this.#hasExcess ? this.#keepMs : 0;
  }

  /** @throws AttemptFailure `invalid_response` or `headers_too_large`; nothing more may be read then */
  read(piece: Buffer): void {
    this.#received += piece.length;
    if (this.#received > MAX_RESPONSE_WIRE_BYTES) throw new AttemptFailure('invalid_response');
    let rest: Buffer | null = piece;
    if (this.#held !== null) {
      rest = Buffer.concat([this.#held, piece]);
      this.#held = null;
    }
    while (rest !== null && rest.length > 0 && this.#state !== 'done') rest = this.#step(rest);
    if (this.#state === 'done' && rest !== null && rest.length > 0) this.#hasExcess = true;
  }

  /** The receiver sends no more: where nothing else says how long the body is, that is its end. */
  end(): void {
    if (this.#state === 'until_close') this.#state = 'done';
  }

  /** @returns what is left to look at; null when it has to wait for more */
  #step(bytes: Buffer): Buffer | null {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes);
      case 'length':
        return this.#readBody(bytes, 'done');
      case 'chunk':
        return this.#readBody(bytes, 'chunk_end');
      case 'until_close':
        this.#sink.onBody(bytes);
        return null;
      default:
        return this.#readLine(bytes);
    }
  }

  #readHead(bytes: Buffer): Buffer | null {
    const start = emptyLinesOf(bytes);
    const end = bytes.indexOf(HEAD_END, start);
    if (end < 0) {
      refuseUnlessHttp(bytes, start);
      // Of which the spaces between are not counted when it is whole.
      if (bytes.length - start > 2 * MAX_HEADER_BYTES) throw new AttemptFailure('headers_too_large');
      this.#held = bytes;
      return null;
    }
    const lineEnd = bytes.indexOf(CRLF, start);
    const status = STATUS_LINE.exec(bytes.toString('latin1', start, lineEnd));
    const lines = bytes.toString('latin1', lineEnd + CRLF.length, end + CRLF.length);
    if (status === null) throw new AttemptFailure('invalid_response');
    const fields = readFields(lines);
    const statusCode = Number(status[2]);
    if (statusCode < 200) this.#passInterim(statusCode);
    else this.#begin(statusCode, fields, status[1] === '1');
    return bytes.subarray(end + HEAD_END.length);
  }

  #passInterim(statusCode: number): void {
    this.#interimResponses += 1;
    if (statusCode === 101 || this.#interimResponses > MAX_INTERIM_RESPONSES) {
      throw new AttemptFailure('invalid_response');
    }
  }

  #begin(statusCode: number, { values, repeated }: Fields, isHttp11: boolean): void {
    this.#frame(statusCode, values, repeated);
    if (this.#state !== 'until_close') this.#keepMs = keepMsOf(values, isHttp11);
    const retryAfter = repeated.has('retry-after') ? undefined : values.get('retry-after');
    this.#sink.onHead(statusCode, retryAfter);
  }

  /** What ends the body (RFC 9112, section 6.3). */
  #frame(statusCode: number, values: Fields['values'], repeated: Fields['repeated']): void {
    const length = values.get('content-length');
    const coding = values.get('transfer-encoding');
    const isOdd = repeated.has('content-length') || repeated.has('transfer-encoding');
    if (isOdd || (length !== undefined && (coding !== undefined || !/^\d{1,15}$/.test(length)))) {
      throw new AttemptFailure('invalid_response');
    }
    if (statusCode === 204 || statusCode === 304) {
      this.#state = 'done';
    } else if (length !== undefined) {
      this.#left = Number(length);
      this.#state = this.#left === 0 ? 'done' : 'length';
    } else {
      this.#state = /(?:^|,)[\t ]*chunked$/i.test(coding ?? '') ? 'chunk_line' : 'until_close';
    }
  }

  #readBody(bytes: Buffer, next: State): Buffer | null {
    if (bytes.length < this.#left) {
      this.#left -= bytes.length;
      this.#sink.onBody(bytes);
      return null;
    }
    const piece = bytes.subarray(0, this.#left);
    // First: whoever has seen enough of it ends the exchange, which is not done by then.
    this.#sink.onBody(piece);
    this.#state = next;
    return bytes.subarray(piece.length);
  }

  #readLine(bytes: Buffer): Buffer | null {
    const end = bytes.indexOf(CRLF);
    const isLong = end > MAX_LINE_BYTES || (end < 0 && bytes.length > MAX_LINE_BYTES);
    if (isLong || (this.#state === 'chunk_end' && bytes[0] !== 0x0d)) {
      throw new AttemptFailure('invalid_response');
    }
    if (end < 0) {
      this.#held = bytes;
      return null;
    }
    this.#take(bytes.toString('latin1', 0, end));
    return bytes.subarray(end + CRLF.length);
  }

  /** Of RFC 9112, section 7.1: a line before each chunk, one after it, and trailers up to an empty one. */
  #take(line: string): void {
    if (this.#state === 'chunk_line') {
      const size = CHUNK_LINE.exec(line)?.[1];
      if (size === undefined) throw new AttemptFailure('invalid_response');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'chunk';
    } else if (this.#state === 'chunk_end') {
      if (line !== '') throw new AttemptFailure('invalid_response');
      this.#state = 'chunk_line';
    } else if (line === '') {
      this.#state = 'done';
    } else if (!FIELD_LINES.test(line + CRLF)) {
      throw new AttemptFailure('invalid_response');
    }
  }
}

/** A server may send some, though it should not (RFC 9112, section 2.2). */
function emptyLinesOf(bytes: Buffer): number {
  let at = 0;
  while (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) at += CRLF.length;
  return at;
}

/** What speaks another protocol says so in its first bytes, and may never send the end of a head. */
function refuseUnlessHttp(bytes: Buffer, start: number): void {
  const beginning = bytes.toString('latin1', start, start + 7);
  if (!'HTTP/1.'.startsWith(beginning) && beginning !== '\r') throw new AttemptFailure('invalid_response');
}

function readFields(lines: string): Fields {
  if (!FIELD_LINES.test(lines)) throw new AttemptFailure('invalid_response');
  const values = new Map<string, string>();
  const repeated = new Set<string>();
  let start = 0;
  let counted = 0;
  while (start < lines.length) {
    const end = lines.indexOf(CRLF, start);
    const colon = lines.indexOf(':', start);
    counted += end - start - 1;
    const name = lines.slice(start, colon).toLowerCase();
    if (WANTED.has(name)) {
      const value = lines.slice(colon + 1, end).trim();
      const earlier = values.get(name);
      if (earlier !== undefined) repeated.add(name);
      values.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
    }
    start = end + CRLF.length;
  }
  if (counted > MAX_HEADER_BYTES) throw new AttemptFailure('headers_too_large');
  return { values, repeated };
}

/** RFC 9112, section 9.3; the hint of RFC 2068, section 19.7.1.1, which many servers give. */
function keepMsOf(values: Fields['values'], isHttp11: boolean): Milliseconds {
  const options = values.get('connection')?.toLowerCase() ?? '';
  if (/\bclose\b/.test(options) || (!isHttp11 && !/\bkeep-alive\b/.test(options))) return 0;
  const seconds = /\btimeout=(\d{1,9})/i.exec(values.get('keep-alive') ?? '')?.[1];
  if (seconds === undefined) return KEEP_ALIVE_MS;
  return Math.max(0, Math.min(MAX_KEEP_ALIVE_MS, Number(seconds) * 1_000 - KEEP_ALIVE_MARGIN_MS));
}
