import { MAX_HEADER_BYTES, MAX_RESPONSE_HEAD_BYTES, MAX_RESPONSE_WIRE_BYTES } from '../../core/limits.ts';
import type { Milliseconds } from '../../core/time.ts';
import { AttemptFailure } from '../attempt-failure.ts';
import { LineBuffer, lineEndIn } from './line-buffer.ts';
import { refuseUnlessHttp } from './other-protocols.ts';
import { ResponseHead } from './response-head.ts';

/** Interim responses (`100`, `102`, `103`, …) before the final one; more than this only keep the sender busy. */
const MAX_INTERIM_RESPONSES = 16;
/** Empty lines before a status line; servers should not send any (RFC 9112, section 2.2). */
const MAX_EMPTY_LINES = 16;
/** Bytes of a chunk's size line or of a trailer line. */
const MAX_LINE_BYTES = 4_096;

const HEAD_END = '\r\n\r\n';
const CHUNK_LINE = /^0{0,16}([0-9a-fA-F]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
/** A size line without extensions, or with those of RFC 9112, section 7.1.1. */
const PLAIN_CHUNK_LINE =
  /^[0-9a-fA-F]+(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]*"))?)*$/;
const TRAILER_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/;

/** Receives a response as it arrives. */
export interface ResponseSink {
  /**
   * Called once, for the final response.
   * @param retryAfter the field's value; undefined when it is absent or has several that differ
   */
  onHead(statusCode: number, retryAfter: string | undefined): void;
  onBody(piece: Buffer): void;
}

type State = 'status' | 'field' | 'length' | 'chunk_line' | 'chunk' | 'chunk_end' | 'trailer' | 'until_close' | 'done';

/**
 * Reads the response to one POST (RFC 9112) from pieces of any size, skipping interim responses. The status line
 * decides the attempt; ambiguous framing prevents reuse of the connection. Each byte is read a fixed number of times,
 * and at most one line is buffered.
 *
 * States:
 *   status ──status line──► field ──empty line, 1xx──► status
 *   field ──empty line──► length | chunk_line | until_close | done      as `ResponseHead.bodyEnd` says
 *   length ──all bytes──► done
 *   chunk_line ──size──► chunk ──all bytes──► chunk_end ──empty line──► chunk_line
 *   chunk_line ──size 0──► trailer ──empty line──► done
 *   until_close ──close──► done
 * A regular head in one piece skips from `status` to the state after `field` (`#readPlainHead`).
 */
export class ResponseReader {
  readonly #sink: ResponseSink;
  readonly #line = new LineBuffer();
  #state: State = 'status';
  #head: ResponseHead | null = null;
  /** All received bytes, including interim responses and empty lines. */
  #received = 0;
  #headBytes = 0;
  #emptyLines = 0;
  #interimResponses = 0;
  /** Remaining bytes of the body or of the current chunk. */
  #remaining = 0;
  #keepMs: Milliseconds = 0;
  #hasExcess = false;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Whether any byte has arrived. */
  get hasBegun(): boolean {
    return this.#received > 0;
  }

  /** Whether the response is complete. */
  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** How long the connection may be kept for another request; 0: not at all. Known when the response is complete. */
  get keepMs(): Milliseconds {
    return this.isDone && !this.#hasExcess ? this.#keepMs : 0;
  }

  /** @throws AttemptFailure `invalid_response` or `headers_too_large`; the reader must not be used afterwards */
  read(piece: Buffer): void {
    this.#received += piece.length;
    if (this.#received > MAX_RESPONSE_WIRE_BYTES) {
      throw new AttemptFailure('invalid_response', 'the response has too many bytes that are neither field nor body');
    }
    let rest: Buffer | null = piece;
    while (rest !== null && rest.length > 0 && this.#state !== 'done') rest = this.#step(rest);
    if (this.#state === 'done' && rest !== null && rest.length > 0) this.#hasExcess = true;
  }

  /** The receiver closed its side, which ends a body of unknown length. */
  end(): void {
    if (this.#state === 'until_close') this.#state = 'done';
  }

  /** @returns the remaining bytes; null when more bytes are needed */
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

  /** The usual case: a whole head in one piece. @returns the bytes after it; null when the head must be read line by line */
  #readPlainHead(bytes: Buffer): Buffer | null {
    if (this.#line.length > 0) return null;
    const end = bytes.indexOf(HEAD_END);
    if (end < 0 || end > MAX_RESPONSE_HEAD_BYTES) return null;
    const head = ResponseHead.ofPlainText(bytes.toString('latin1', 0, end + 2));
    if (head === undefined) return null;
    this.#addHeadBytes(end + HEAD_END.length);
    this.#onHeadComplete(head);
    return bytes.subarray(end + HEAD_END.length);
  }

  #readLine(bytes: Buffer): Buffer | null {
    const end = lineEndIn(bytes);
    const length = this.#line.length + (end < 0 ? bytes.length : end);
    if (this.#state === 'status' || this.#state === 'field') this.#checkHeadLine(length);
    else if (this.#state === 'chunk_end' && length > 1) {
      throw new AttemptFailure('invalid_response', 'a chunk is longer than its size');
    } else if (length > MAX_LINE_BYTES) throw new AttemptFailure('invalid_response', 'a line of the body is too long');
    if (end < 0) {
      this.#line.hold(bytes);
      if (this.#state === 'status') refuseUnlessHttp(this.#line.beginning(16));
      return null;
    }
    const text = this.#line.complete(bytes, end);
    this.#onLine(text, length + 1);
    return bytes.subarray(end + 1);
  }

  /** The line may include a CR, which is not counted. */
  #checkHeadLine(length: number): void {
    if (length - 2 + (this.#head?.countedBytes ?? 0) > MAX_HEADER_BYTES) throw new AttemptFailure('headers_too_large');
  }

  #addHeadBytes(bytes: number): void {
    this.#headBytes += bytes;
    if (this.#headBytes > MAX_RESPONSE_HEAD_BYTES) throw new AttemptFailure('headers_too_large');
  }

  #onLine(line: string, bytes: number): void {
    switch (this.#state) {
      case 'status':
        this.#addHeadBytes(bytes);
        this.#onStatusLine(line);
        break;
      case 'field':
        this.#addHeadBytes(bytes);
        this.#onFieldLine(line);
        break;
      default:
        this.#onBodyLine(line);
    }
  }

  #onStatusLine(text: string): void {
    // Node ignores these CRs like empty lines.
    const line = text.replace(/^\r+/, '');
    if (line !== '') {
      refuseUnlessHttp(Buffer.from(line.slice(0, 16), 'latin1'));
      this.#head = ResponseHead.ofStatusLine(line);
      if (this.#line.endedInLfAlone || line !== text) this.#head.markIrregular();
      this.#state = 'field';
      return;
    }
    this.#emptyLines += 1;
    if (this.#emptyLines > MAX_EMPTY_LINES) {
      throw new AttemptFailure('invalid_response', 'too many empty lines before the status line');
    }
  }

  #onFieldLine(line: string): void {
    const head = this.#head;
    if (head === null) return;
    if (this.#line.endedInLfAlone) head.markIrregular();
    if (line === '') this.#onHeadComplete(head);
    else head.addLine(line);
  }

  #onHeadComplete(head: ResponseHead): void {
    this.#head = null;
    if (head.statusCode >= 200) {
      this.#startBody(head);
      return;
    }
    this.#state = 'status';
    this.#interimResponses += 1;
    if (head.statusCode === 101) throw new AttemptFailure('invalid_response', 'the receiver switched protocols (101)');
    if (this.#interimResponses > MAX_INTERIM_RESPONSES) {
      throw new AttemptFailure('invalid_response', 'too many interim (1xx) responses');
    }
  }

  #startBody(head: ResponseHead): void {
    const end = head.bodyEnd();
    if (end === 'close') {
      this.#state = 'until_close';
    } else {
      this.#keepMs = head.keepMs();
      if (end === 'chunks') this.#state = 'chunk_line';
      else {
        this.#remaining = end;
        this.#state = end === 0 ? 'done' : 'length';
      }
    }
    this.#sink.onHead(head.statusCode, head.retryAfter);
  }

  #readBody(bytes: Buffer, next: State): Buffer | null {
    if (bytes.length < this.#remaining) {
      this.#remaining -= bytes.length;
      this.#sink.onBody(bytes);
      return null;
    }
    const piece = bytes.subarray(0, this.#remaining);
    // Called before the state changes: the sink may end the exchange, which must then not count as complete.
    this.#sink.onBody(piece);
    this.#state = next;
    return bytes.subarray(piece.length);
  }

  /**
   * Lines of a chunked body (RFC 9112, section 7.1): one before each chunk, an empty one after it, and trailers up to
   * an empty line.
   */
  #onBodyLine(line: string): void {
    // Other clients refuse it: the body is read, but the connection is not reused.
    if (this.#line.endedInLfAlone) this.#keepMs = 0;
    if (this.#state === 'chunk_line') {
      const size = CHUNK_LINE.exec(line)?.[1];
      if (size === undefined) throw new AttemptFailure('invalid_response', 'a chunk has no size');
      if (line !== size && !PLAIN_CHUNK_LINE.test(line)) this.#keepMs = 0;
      this.#remaining = Number.parseInt(size, 16);
      this.#state = this.#remaining === 0 ? 'trailer' : 'chunk';
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
