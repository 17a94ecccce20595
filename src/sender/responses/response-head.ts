import { MAX_HEADER_BYTES } from '../../core/limits.ts';
import type { Milliseconds } from '../../core/time.ts';
import { AttemptFailure } from '../attempt-failure.ts';

/** Below the 5 s after which Node's and many other servers close an idle connection: we had better be first. */
const KEEP_ALIVE_MS: Milliseconds = 4_000;
const MAX_KEEP_ALIVE_MS: Milliseconds = 30_000;
/** A receiver's `Keep-Alive: timeout` less the time on the wire. */
const KEEP_ALIVE_MARGIN_MS: Milliseconds = 2_000;

const CRLF = '\r\n';
/**
 * A head without any oddity, as nearly all are (RFC 9112, sections 4 and 5), with the empty line after it: taken apart as
 * one text. Anything else is read line by line.
 */
const PLAIN_HEAD =
  /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?\r\n((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)$/;
/**
 * What still says a status: a minor version that we don't know is read as the highest that we know (RFC 9110, section 2.5),
 * curl, Go and Node take `HTTP/2.0`, and at least one of them each of the other liberties.
 */
const STATUS_LINE = /^HTTP\/(1\.\d|2\.0)[\t ]+([1-9]\d\d)(?!\d)/i;
const PLAIN_STATUS_LINE = /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const PLAIN_FIELD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/;
const WANTED: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'retry-after',
]);

/** What ends the body (RFC 9112, section 6.3): so many bytes, its last chunk, or the end of the connection. */
export type BodyEnd = number | 'chunks' | 'close';

/**
 * The status line and the fields of one response, added in order. The status line alone decides what the attempt comes to;
 * fields that break the rules cost the connection (`isOdd`), never the attempt: a table of what curl, Go and Node do with
 * each kind is in docs/decisions/delivery.md.
 */
export class ResponseHead {
  readonly statusCode: number;
  readonly #isHttp11: boolean;
  /** Those of one name with line feeds between, which can be in none. */
  readonly #values = new Map<string, string>();
  #lastName = '';
  #counted = 0;
  /** Something here is read differently by other programs: the connection is not used again. */
  #isOdd: boolean;

  private constructor(statusCode: number, isHttp11: boolean, isOdd: boolean) {
    this.statusCode = statusCode;
    this.#isHttp11 = isHttp11;
    this.#isOdd = isOdd;
  }

  /**
   * @param text all of a head but its last, empty line
   * @returns undefined when it has to be read line by line
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

  /** @throws AttemptFailure `invalid_response` when it says no status */
  static ofStatusLine(line: string): ResponseHead {
    const status = STATUS_LINE.exec(line);
    if (status === null) throw new AttemptFailure('invalid_response', 'the status line is malformed');
    return new ResponseHead(Number(status[2]), status[1] !== '1.0', !PLAIN_STATUS_LINE.test(line));
  }

  /** Field bytes so far, the colons not counted. */
  get countedBytes(): number {
    return this.#counted;
  }

  /** Undefined too where several values differ. */
  get retryAfter(): string | undefined {
    const lines = this.#values.get('retry-after');
    if (lines === undefined || !lines.includes('\n')) return lines;
    const [first, ...others] = lines.split('\n');
    return others.every((line) => line === first) ? first : undefined;
  }

  markOdd(): void {
    this.#isOdd = true;
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
    // A name that is not plain may hide a field that frames the response from others, or from us.
    if (!PLAIN_FIELD.test(line)) this.#isOdd = true;
    this.#lastName = name;
    this.#add(name, line.slice(colon + 1).trim());
  }

  /** To be asked once: what is unclear to others makes the head odd. */
  bodyEnd(): BodyEnd {
    if (this.statusCode === 204 || this.statusCode === 304) return 0;
    const length = this.#values.get('content-length');
    const coding = this.#values.get('transfer-encoding');
    if (coding !== undefined) {
      if (length !== undefined || coding.includes('\n') || !this.#isHttp11) this.#isOdd = true;
      if (isLastCoding(coding, 'chunked')) return 'chunks';
    }
    if (length === undefined) return 'close';
    if (/^\d{1,15}$/.test(length)) return Number(length);
    this.#isOdd = true;
    const lengths = length.split(/[,\n]/).map((one) => one.trim());
    // The shortest: waiting for more than there is would hold the slot for nothing.
    return lengths.every((one) => /^\d{1,15}$/.test(one)) ? Math.min(...lengths.map(Number)) : 'close';
  }

  /** RFC 9112, section 9.3; the hint of RFC 2068, section 19.7.1.1, which many servers give. 0: not at all. */
  keepMs(): Milliseconds {
    if (this.#isOdd) return 0;
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
      if (WANTED.has(name)) this.#add(name, lines.slice(colon + 1, end).trim());
      start = end + CRLF.length;
    }
    this.#count(counted);
  }

  #add(name: string, value: string): void {
    if (!WANTED.has(name)) return;
    const earlier = this.#values.get(name);
    this.#values.set(name, earlier === undefined ? value : `${earlier}\n${value}`);
  }

  /** A folded field (RFC 9112, section 5.2): still sent, by nginx with a policy of several lines for example. */
  #continueField(more: string): void {
    // Others refuse it.
    this.#isOdd = true;
    const value = this.#values.get(this.#lastName);
    if (value !== undefined) this.#values.set(this.#lastName, `${value} ${more}`.trim());
  }

  #count(bytes: number): void {
    this.#counted += bytes;
    if (this.#counted > MAX_HEADER_BYTES) throw new AttemptFailure('headers_too_large');
  }
}

/** Transfer codings are a list, in one field or several (RFC 9112, section 6.1): the last one frames the body. */
function isLastCoding(codings: string, name: string): boolean {
  return (
    codings
      .slice(Math.max(codings.lastIndexOf(','), codings.lastIndexOf('\n')) + 1)
      .trim()
      .toLowerCase() === name
  );
}
