import { MAX_HEADER_BYTES, MAX_RESPONSE_HEAD_BYTES, MAX_RESPONSE_WIRE_BYTES } from '../../core/limits.ts';
import type { Milliseconds } from '../../core/time.ts';
import { AttemptFailure } from '../attempt-failure.ts';
import { LineBuffer, lineEndIn } from './line-buffer.ts';
import { refuseUnlessHttp } from './other-protocols.ts';
import { ResponseHead } from './response-head.ts';

/** `100`, `102`, `103`, …: more than this are no answer but a way to keep us busy. */
const MAX_INTERIM_RESPONSES = 16;
/** Before a status line: a server may send some, though it should not (RFC 9112, section 2.2). */
const MAX_EMPTY_LINES = 16;
/** The line before a chunk, or one of a trailer. */
const MAX_LINE_BYTES = 4_096;

const HEAD_END = '\r\n\r\n';
const CHUNK_LINE = /^0{0,16}([0-9a-fA-F]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
/** Without an extension, or with those of RFC 9112, section 7.1.1. */
const PLAIN_CHUNK_LINE =
  /^[0-9a-fA-F]+(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]*"))?)*$/;
const TRAILER_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/;

/** What becomes of a response, as it comes. */
export interface ResponseSink {
  /**
   * Of the final response, once.
   * @param retryAfter the field's value; undefined when it is absent or has several that differ
   */
  onHead(statusCode: number, retryAfter: string | undefined): void;
  onBody(piece: Buffer): void;
}

type State = 'status' | 'field' | 'length' | 'chunk_line' | 'chunk' | 'chunk_end' | 'trailer' | 'until_close' | 'done';

/**
 * Reads the one response to a POST (RFC 9112), however it is cut, interim ones before it. The status line decides the
 * attempt; whatever leaves doubt where the response ends costs the connection. Every byte is looked at a fixed number of
 * times, whatever the pieces are, and no more than a line is held.
 */
export class ResponseReader {
  readonly #sink: ResponseSink;
  readonly #line = new LineBuffer();
  #state: State = 'status';
  #head: ResponseHead | null = null;
  /** Of all kinds, interim responses and empty lines included. */
  #received = 0;
  #headBytes = 0;
  #emptyLines = 0;
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
    if (this.#received > MAX_RESPONSE_WIRE_BYTES) {
      throw new AttemptFailure('invalid_response', 'the response has too many bytes that are neither field nor body');
    }
    let rest: Buffer | null = piece;
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
      case 'status':
        return this.#readPlainHead(bytes) ?? this.#readLine(bytes);
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

  /** The usual case, one head in one piece. @returns what follows it; null when it has to be read line by line */
  #readPlainHead(bytes: Buffer): Buffer | null {
    if (this.#line.length > 0) return null;
    const end = bytes.indexOf(HEAD_END);
    if (end < 0 || end > MAX_RESPONSE_HEAD_BYTES) return null;
    const head = ResponseHead.ofPlainText(bytes.toString('latin1', 0, end + 2));
    if (head === undefined) return null;
    this.#countHead(end + HEAD_END.length);
    this.#take(head);
    return bytes.subarray(end + HEAD_END.length);
  }

  #readLine(bytes: Buffer): Buffer | null {
    const end = lineEndIn(bytes);
    const length = this.#line.length + (end < 0 ? bytes.length : end);
    if (this.#state === 'status' || this.#state === 'field') this.#boundHeadLine(length);
    else if (this.#state === 'chunk_end' && length > 1) {
      throw new AttemptFailure('invalid_response', 'a chunk is longer than its size');
    } else if (length > MAX_LINE_BYTES) throw new AttemptFailure('invalid_response', 'a line of the body is too long');
    if (end < 0) {
      this.#line.hold(bytes);
      if (this.#state === 'status') refuseUnlessHttp(this.#line.beginning(16));
      return null;
    }
    const text = this.#line.take(bytes, end);
    this.#takeLine(text, length + 1);
    return bytes.subarray(end + 1);
  }

  /** A CR may be among them, which is not counted. */
  #boundHeadLine(length: number): void {
    if (length - 2 + (this.#head?.countedBytes ?? 0) > MAX_HEADER_BYTES) throw new AttemptFailure('headers_too_large');
  }

  #countHead(bytes: number): void {
    this.#headBytes += bytes;
    if (this.#headBytes > MAX_RESPONSE_HEAD_BYTES) throw new AttemptFailure('headers_too_large');
  }

  #takeLine(line: string, bytes: number): void {
    switch (this.#state) {
      case 'status':
        this.#countHead(bytes);
        this.#takeStatusLine(line);
        break;
      case 'field':
        this.#countHead(bytes);
        this.#takeFieldLine(line);
        break;
      default:
        this.#takeBodyLine(line);
    }
  }

  #takeStatusLine(text: string): void {
    // Node drops them, as empty lines.
    const line = text.replace(/^\r+/, '');
    if (line !== '') {
      refuseUnlessHttp(Buffer.from(line.slice(0, 16), 'latin1'));
      this.#head = ResponseHead.ofStatusLine(line);
      if (this.#line.endedInLfAlone || line !== text) this.#head.markOdd();
      this.#state = 'field';
      return;
    }
    this.#emptyLines += 1;
    if (this.#emptyLines > MAX_EMPTY_LINES) {
      throw new AttemptFailure('invalid_response', 'too many empty lines before the status line');
    }
  }

  #takeFieldLine(line: string): void {
    const head = this.#head;
    if (head === null) return;
    if (this.#line.endedInLfAlone) head.markOdd();
    if (line === '') this.#take(head);
    else head.addLine(line);
  }

  #take(head: ResponseHead): void {
    this.#head = null;
    if (head.statusCode >= 200) {
      this.#begin(head);
      return;
    }
    this.#state = 'status';
    this.#interimResponses += 1;
    if (head.statusCode === 101) throw new AttemptFailure('invalid_response', 'the receiver switched protocols (101)');
    if (this.#interimResponses > MAX_INTERIM_RESPONSES) {
      throw new AttemptFailure('invalid_response', 'too many interim (1xx) responses');
    }
  }

  #begin(head: ResponseHead): void {
    const end = head.bodyEnd();
    if (end === 'close') {
      this.#state = 'until_close';
    } else {
      this.#keepMs = head.keepMs();
      if (end === 'chunks') this.#state = 'chunk_line';
      else {
        this.#left = end;
        this.#state = end === 0 ? 'done' : 'length';
      }
    }
    this.#sink.onHead(head.statusCode, head.retryAfter);
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

  /** Of RFC 9112, section 7.1: a line before each chunk, one after it, and trailers up to an empty one. */
  #takeBodyLine(line: string): void {
    // Others refuse it: read on, but not used again.
    if (this.#line.endedInLfAlone) this.#keepMs = 0;
    if (this.#state === 'chunk_line') {
      const size = CHUNK_LINE.exec(line)?.[1];
      if (size === undefined) throw new AttemptFailure('invalid_response', 'a chunk has no size');
      if (line !== size && !PLAIN_CHUNK_LINE.test(line)) this.#keepMs = 0;
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'chunk';
    } else if (this.#state === 'chunk_end') {
      if (line !== '') throw new AttemptFailure('invalid_response', 'a chunk is longer than its size');
      this.#state = 'chunk_line';
    } else if (line === '') {
      this.#state = 'done';
    } else if (!TRAILER_LINE.test(line)) {
      this.#keepMs = 0;
    }
  }
}
