import { MAX_JSON_DEPTH } from '../limits.ts';

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/** A value's position in the bytes: from `start` up to, excluding, `end`; without surrounding white space. */
export interface JsonSpan {
  readonly kind: JsonKind;
  readonly start: number;
  readonly end: number;
}

/** The text is not JSON, or is nested too deeply. The message says where. */
export class InvalidJson extends Error {}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const LETTER_U = 0x75;

/**
 * A position in a JSON text (RFC 8259) that moves over one token or value at a time and checks it, without building
 * values. The only state is the position. The grammar, as the methods implement it:
 *
 *   value   = string | number | object | array | "true" | "false" | "null"
 *   object  = "{" [ member *( "," member ) ] "}"       member = string ":" value
 *   array   = "[" [ value *( "," value ) ] "]"
 *
 * Each byte is read once. Every method but `peek` throws `InvalidJson` at the first byte that breaks the grammar.
 */
export class JsonCursor {
  #at = 0;
  readonly #bytes: Buffer;
  readonly #end: number;

  /** @param bytes valid UTF-8 */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  get at(): number {
    return this.#at;
  }

  /** The byte at the position; 0, which occurs nowhere in JSON, at the end. */
  peek(): number {
    return this.#at < this.#end ? (this.#bytes[this.#at] ?? 0) : 0;
  }

  /** Checks that nothing but white space follows. */
  finish(): void {
    this.space();
    if (this.#at < this.#end) throw this.#unexpected();
  }

  /** Moves over white space. */
  space(): void {
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  /**
   * Moves over the opening byte of an object or array, and over the closing byte if it follows.
   * @returns whether there is a member or item
   */
  enter(depth: number, close: number): boolean {
    if (depth > MAX_JSON_DEPTH) throw new InvalidJson(`nested deeper than ${MAX_JSON_DEPTH} levels`);
    this.#at++;
    this.space();
    if (this.peek() !== close) return true;
    this.#at++;
    return false;
  }

  /** Moves over the comma or the closing byte after a member or item. @returns true after a comma: another one follows */
  more(close: number): boolean {
    this.space();
    const byte = this.peek();
    if (byte === COMMA) {
      this.#at++;
      this.space();
      return true;
    }
    if (byte !== close) throw this.#unexpected();
    this.#at++;
    return false;
  }

  /** Moves over a key and its colon. @returns the key, unescaped */
  key(): string {
    const start = this.#at;
    const escaped = this.#keyString();
    const key = escaped
      ? String(JSON.parse(this.#bytes.toString('utf8', start, this.#at)))
      : this.#bytes.toString('utf8', start + 1, this.#at - 1);
    this.#colon();
    return key;
  }

  /** Moves over one value. @param depth 1 for the outermost value */
  value(depth: number): JsonSpan {
    const start = this.#at;
    const kind = this.#skipValue(depth);
    return { kind, start, end: this.#at };
  }

  #keyString(): boolean {
    if (this.peek() !== QUOTE) throw this.#unexpected();
    return this.#string();
  }

  #colon(): void {
    this.space();
    if (this.peek() !== COLON) throw this.#unexpected();
    this.#at++;
    this.space();
  }

  #skipValue(depth: number): JsonKind {
    switch (this.peek()) {
      case QUOTE:
        this.#string();
        return 'string';
      case OPEN_BRACE:
        this.#object(depth);
        return 'object';
      case OPEN_BRACKET:
        this.#array(depth);
        return 'array';
      case 0x74:
        this.#word('true');
        return 'boolean';
      case 0x66:
        this.#word('false');
        return 'boolean';
      case 0x6e:
        this.#word('null');
        return 'null';
      default:
        this.#number();
        return 'number';
    }
  }

  #object(depth: number): void {
    if (!this.enter(depth, CLOSE_BRACE)) return;
    do {
      this.#keyString();
      this.#colon();
      this.#skipValue(depth + 1);
    } while (this.more(CLOSE_BRACE));
  }

  #array(depth: number): void {
    if (!this.enter(depth, CLOSE_BRACKET)) return;
    do {
      this.#skipValue(depth + 1);
    } while (this.more(CLOSE_BRACKET));
  }

  /** Moves over a string. @returns whether it contains an escape */
  #string(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    let escaped = false;
    let at = this.#at + 1;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return escaped;
      }
      if (byte < 0x20) {
        this.#at = at;
        throw new InvalidJson(`a string contains a raw control character at byte ${at}`);
      }
      if (byte === BACKSLASH) {
        escaped = true;
        at = this.#escape(at);
      } else {
        at++;
      }
    }
    this.#at = end;
    throw this.#unexpected();
  }

  /** @returns the position after the escape */
  #escape(at: number): number {
    const letter = this.#bytes[at + 1] ?? 0;
    if (letter === LETTER_U) {
      for (let digit = at + 2; digit < at + 6; digit++) {
        if (!isHexDigit(this.#bytes[digit] ?? 0)) throw new InvalidJson(`an invalid \\u escape at byte ${at}`);
      }
      return at + 6;
    }
    if (!SIMPLE_ESCAPES.has(letter)) throw new InvalidJson(`an invalid escape at byte ${at}`);
    return at + 2;
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.peek() !== word.charCodeAt(i)) throw this.#unexpected();
      this.#at++;
    }
  }

  #number(): void {
    if (this.peek() === MINUS) this.#at++;
    if (this.peek() === 0x30) this.#at++;
    else this.#digits();
    if (this.peek() === POINT) {
      this.#at++;
      this.#digits();
    }
    const exponent = this.peek();
    if (exponent === 0x65 || exponent === 0x45) {
      this.#at++;
      const signByte = this.peek();
      if (signByte === MINUS || signByte === 0x2b) this.#at++;
      this.#digits();
    }
  }

  #digits(): void {
    const start = this.#at;
    while (isDigit(this.peek())) this.#at++;
    if (this.#at === start) throw this.#unexpected();
  }

  #unexpected(): InvalidJson {
    return new InvalidJson(this.#at >= this.#end ? 'the text ends unexpectedly' : `not JSON at byte ${this.#at}`);
  }
}

const SIMPLE_ESCAPES = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)));

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
