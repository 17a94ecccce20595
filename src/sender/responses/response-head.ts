import { MAX_HEADER_BYTES } from '../../core/limits.ts';
import type { Milliseconds } from '../../core/time.ts';
import { AttemptFailure } from '../attempt-failure.ts';

/**
 * How long a connection is kept idle: less than the 5 s after which Node's and many other servers close theirs, so that
 * the sender closes first.
 */
const KEEP_ALIVE_MS: Milliseconds = 4_000;
const MAX_KEEP_ALIVE_MS: Milliseconds = 30_000;
/** Subtracted from a receiver's `Keep-Alive: timeout` for the time on the wire. */
const KEEP_ALIVE_MARGIN_MS: Milliseconds = 2_000;

const CRLF = '\r\n';
/**
 * A head without irregularities, as nearly all are (RFC 9112, sections 4 and 5), up to its empty line; parsed as one
 * text. Any other head is read line by line.
 */
const PLAIN_HEAD =
  /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?\r\n((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)$/;
/**
 * The lenient status line. An unknown minor version counts as the highest known one (RFC 9110, section 2.5); curl, Go
 * and Node accept `HTTP/2.0`, and at least one of them each other variation.
 */
const STATUS_LINE = /^HTTP\/(1\.\d|2\.0)[\t ]+([1-9]\d\d)(?!\d)/i;
const PLAIN_STATUS_LINE = /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const PLAIN_FIELD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/;
const USED_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'retry-after',
]);

/**
 * How the body ends (RFC 9112, section 6.3): after a number of bytes, with the last chunk, or when the connection
 * closes.
 */
export type BodyEnd = number | 'chunks' | 'close';

/**
 * The status line and fields of one response, added in order. The status line alone decides the attempt's outcome;
 * fields that break the rules only prevent reuse of the connection (`isIrregular`). docs/decisions/delivery.md has a
 * table of what curl, Go and Node do with each kind.
 */
export class ResponseHead {
  readonly statusCode: number;
  readonly #isHttp11: boolean;
  /** Values by field name; several values of one name are joined with line feeds, which no value contains. */
  readonly #values = new Map<string, string>();
  #lastName = '';
  #counted = 0;
  /** Other programs would read this response differently: the connection is not reused. */
  #isIrregular: boolean;

  private constructor(statusCode: number, isHttp11: boolean, isOdd: boolean) {
    this.statusCode = statusCode;
    this.#isHttp11 = isHttp11;
    this.#isIrregular = isOdd;
  }

  /**
   * @param text a head without its last, empty line
   * @returns undefined when the head must be read line by line
   */
  static ofPlainText(text: string): ResponseHead | undefined {
    const plain = PLAIN_HEAD.exec(text);
    if (plain === null) return undefined;
    const lines = plain[3] ?? '';
    if (text.length - lines.length > MAX_HEADER_BYTES) throw new AttemptFailure('headers_too_large');
    const head = new ResponseHead(Number(plain[2]), plain[1] === '1', false);
    head.#addPlainFields(lines);
    return head;
  }

  /** @throws AttemptFailure `invalid_response` when the line has no status */
  static ofStatusLine(line: string): ResponseHead {
    const status = STATUS_LINE.exec(line);
    if (status === null) throw new AttemptFailure('invalid_response', 'the status line is malformed');
    return new ResponseHead(Number(status[2]), status[1] !== '1.0', !PLAIN_STATUS_LINE.test(line));
  }

  /** Field bytes so far, without colons. */
  get countedBytes(): number {
    return this.#counted;
  }

  /** The value of `Retry-After`; undefined when absent or when several values differ. */
  get retryAfter(): string | undefined {
    const lines = this.#values.get('retry-after');
    if (lines === undefined || !lines.includes('\n')) return lines;
    const [first, ...others] = lines.split('\n');
    return others.every((line) => line === first) ? first : undefined;
  }

  markIrregular(): void {
    this.#isIrregular = true;
  }

  /** @throws AttemptFailure `headers_too_large` */
  addLine(line: string): void {
    const colon = line.indexOf(':');
    this.#count(colon < 0 ? line.length : line.length - 1);
    if (line.startsWith(' ') || line.startsWith('\t')) {
      this.#continueField(line.trim());
      return;
    }
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    // An irregular name may hide a framing field from some readers.
    if (!PLAIN_FIELD.test(line)) this.#isIrregular = true;
    this.#lastName = name;
    this.#add(name, line.slice(colon + 1).trim());
  }

  /** Determines the body's end; call once. Ambiguous framing makes the head irregular. */
  bodyEnd(): BodyEnd {
    if (this.statusCode === 204 || this.statusCode === 304) return 0;
    const length = this.#values.get('content-length');
    const coding = this.#values.get('transfer-encoding');
    if (coding !== undefined) {
      if (length !== undefined || coding.includes('\n') || !this.#isHttp11) this.#isIrregular = true;
      if (isLastCoding(coding, 'chunked')) return 'chunks';
    }
    if (length === undefined) return 'close';
    if (/^\d{1,15}$/.test(length)) return Number(length);
    this.#isIrregular = true;
    const lengths = length.split(/[,\n]/).map((one) => one.trim());
    // The shortest length: waiting for bytes that do not exist would hold the slot.
    return lengths.every((one) => /^\d{1,15}$/.test(one)) ? Math.min(...lengths.map(Number)) : 'close';
  }

  /**
   * How long the connection may be kept (RFC 9112, section 9.3, and the `Keep-Alive` hint of RFC 2068, section
   * 19.7.1.1, which many servers send). 0: not at all.
   */
  keepMs(): Milliseconds {
    if (this.#isIrregular) return 0;
    const options = this.#values.get('connection')?.toLowerCase() ?? '';
    if (/\bclose\b/.test(options) || (!this.#isHttp11 && !/\bkeep-alive\b/.test(options))) return 0;
    const seconds = /\btimeout=(\d{1,9})/i.exec(this.#values.get('keep-alive') ?? '')?.[1];
    if (seconds === undefined) return KEEP_ALIVE_MS;
    return Math.max(0, Math.min(MAX_KEEP_ALIVE_MS, Number(seconds) * 1_000 - KEEP_ALIVE_MARGIN_MS));
  }

  #addPlainFields(lines: string): void {
    let start = 0;
    let counted = 0;
    while (start < lines.length) {
      const end = lines.indexOf(CRLF, start);
      const colon = lines.indexOf(':', start);
      counted += end - start - 1;
      const name = lines.slice(start, colon).toLowerCase();
      if (USED_FIELDS.has(name)) this.#add(name, lines.slice(colon + 1, end).trim());
      start = end + CRLF.length;
    }
    this.#count(counted);
  }

  #add(name: string, value: string): void {
    if (!USED_FIELDS.has(name)) return;
    const earlier = this.#values.get(name);
    this.#values.set(name, earlier === undefined ? value : `${earlier}\n${value}`);
  }

  /** A folded field (RFC 9112, section 5.2), which for example nginx still sends for a multi-line policy. */
  #continueField(more: string): void {
    // Other clients refuse it.
    this.#isIrregular = true;
    const value = this.#values.get(this.#lastName);
    if (value !== undefined) this.#values.set(this.#lastName, `${value} ${more}`.trim());
  }

  #count(bytes: number): void {
    this.#counted += bytes;
    if (this.#counted > MAX_HEADER_BYTES) throw new AttemptFailure('headers_too_large');
  }
}

/**
 * Whether the last transfer coding, which frames the body, has this name. Codings are a list, in one field or several
 * (RFC 9112, section 6.1).
 */
function isLastCoding(codings: string, name: string): boolean {
  return (
    codings
      .slice(Math.max(codings.lastIndexOf(','), codings.lastIndexOf('\n')) + 1)
      .trim()
      .toLowerCase() === name
  );
}
