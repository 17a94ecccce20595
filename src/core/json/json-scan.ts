import { MAX_JSON_DEPTH } from '../limits.ts';

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/** Where a value stands in the bytes: from `start` up to, not including, `end`; no white space around it. */
export interface JsonSpan {
  readonly kind: JsonKind;
  readonly start: number;
  readonly end: number;
}

export interface JsonMember extends JsonSpan {
  /** Unescaped. */
  readonly key: string;
}

export type JsonListScan =
  | { readonly kind: 'array'; readonly items: readonly JsonSpan[] }
  /** Valid JSON, but no array at the top. */
  | { readonly kind: 'other'; readonly value: JsonSpan }
  | { readonly kind: 'invalid'; readonly detail: string };

export type JsonScan =
  | { readonly kind: 'object'; readonly members: readonly JsonMember[] }
  /** Valid JSON, but no object at the top. */
  | { readonly kind: 'other'; readonly value: JsonSpan }
  | { readonly kind: 'invalid'; readonly detail: string };

class InvalidJson extends Error {}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LETTER_U = 0x75;

/**
 * Checks one JSON text (RFC 8259) and says where the members of its outermost object stand, without building a value:
 * what a client sent as `data` can then be cut out byte for byte, with its 64-bit integers, key order and `1e400`.
 * Refuses what our contract refuses: a repeated key at the top (compared after unescaping) and nesting deeper than 128.
 * @param bytes valid UTF-8 (`buffer.isUtf8`)
 */
export function scanJson(bytes: Buffer): JsonScan {
  const scanner = new Scanner(bytes);
  try {
    return scanner.text();
  } catch (error) {
    if (error instanceof InvalidJson) return { kind: 'invalid', detail: error.message };
    throw error;
  }
}

/** The same for a list: where its items stand. Their nesting counts from the list. */
export function scanJsonList(bytes: Buffer): JsonListScan {
  const scanner = new Scanner(bytes);
  try {
    return scanner.list();
  } catch (error) {
    if (error instanceof InvalidJson) return { kind: 'invalid', detail: error.message };
    throw error;
  }
}

/** The text of a span. One-byte strings where it is plain ASCII: half the memory and quicker to write out again. */
export function textOf(bytes: Buffer, span: JsonSpan): string {
  return bytes.toString('utf8', span.start, span.end);
}

class Scanner {
  #at = 0;
  readonly #bytes: Buffer;
  readonly #end: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  text(): JsonScan {
    this.#space();
    const isObject = this.#peek() === OPEN_BRACE;
    const result: JsonScan = isObject
      ? { kind: 'object', members: this.#topMembers() }
      : { kind: 'other', value: this.#value(1) };
    this.#space();
    if (this.#at < this.#end) throw this.#unexpected();
    return result;
  }

  list(): JsonListScan {
    this.#space();
    const isList = this.#peek() === OPEN_BRACKET;
    const result: JsonListScan = isList
      ? { kind: 'array', items: this.#topItems() }
      : { kind: 'other', value: this.#value(1) };
    this.#space();
    if (this.#at < this.#end) throw this.#unexpected();
    return result;
  }

  #topItems(): JsonSpan[] {
    const items: JsonSpan[] = [];
    this.#enter(1);
    if (this.#peek() === CLOSE_BRACKET) {
      this.#at++;
      return items;
    }
    do {
      items.push(this.#value(2));
    } while (this.#more(CLOSE_BRACKET));
    return items;
  }

  #topMembers(): JsonMember[] {
    const members: JsonMember[] = [];
    const seen = new Set<string>();
    this.#at++;
    this.#space();
    if (this.#peek() === CLOSE_BRACE) {
      this.#at++;
      return members;
    }
    while (true) {
      const key = this.#key();
      if (seen.has(key)) throw new InvalidJson('a key of the outermost object occurs twice');
      seen.add(key);
      const { kind, start, end } = this.#value(2);
      members.push({ key, kind, start, end });
      if (!this.#more(CLOSE_BRACE)) return members;
    }
  }

  /** A key, its colon and the white space around them. */
  #key(): string {
    const start = this.#at;
    if (this.#peek() !== QUOTE) throw this.#unexpected();
    const escaped = this.#string();
    const key = escaped
      ? String(JSON.parse(this.#bytes.toString('utf8', start, this.#at)))
      : this.#bytes.toString('utf8', start + 1, this.#at - 1);
    this.#colon();
    return key;
  }

  #colon(): void {
    this.#space();
    if (this.#peek() !== COLON) throw this.#unexpected();
    this.#at++;
    this.#space();
  }

  /** After a member or an item: true when a comma promises another, false when the closing byte stands here. */
  #more(close: number): boolean {
    this.#space();
    const byte = this.#peek();
    if (byte === COMMA) {
      this.#at++;
      this.#space();
      return true;
    }
    if (byte !== close) throw this.#unexpected();
    this.#at++;
    return false;
  }

  #value(depth: number): JsonSpan {
    const start = this.#at;
    const kind = this.#skipValue(depth);
    return { kind, start, end: this.#at };
  }

  #skipValue(depth: number): JsonKind {
    switch (this.#peek()) {
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
    this.#enter(depth);
    if (this.#peek() === CLOSE_BRACE) {
      this.#at++;
      return;
    }
    do {
      if (this.#peek() !== QUOTE) throw this.#unexpected();
      this.#string();
      this.#colon();
      this.#skipValue(depth + 1);
    } while (this.#more(CLOSE_BRACE));
  }

  #array(depth: number): void {
    this.#enter(depth);
    if (this.#peek() === CLOSE_BRACKET) {
      this.#at++;
      return;
    }
    do {
      this.#skipValue(depth + 1);
    } while (this.#more(CLOSE_BRACKET));
  }

  #enter(depth: number): void {
    if (depth > MAX_JSON_DEPTH) throw new InvalidJson(`nested deeper than ${MAX_JSON_DEPTH} levels`);
    this.#at++;
    this.#space();
  }

  /** @returns whether it holds an escape */
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

  /** @returns the place behind it */
  #escape(at: number): number {
    const letter = this.#bytes[at + 1] ?? 0;
    if (letter === LETTER_U) {
      for (let digit = at + 2; digit < at + 6; digit++) {
        if (!isHexDigit(this.#bytes[digit] ?? 0)) throw new InvalidJson(`a bad \\u escape at byte ${at}`);
      }
      return at + 6;
    }
    if (!SIMPLE_ESCAPES.has(letter)) throw new InvalidJson(`a bad escape at byte ${at}`);
    return at + 2;
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.#peek() !== word.charCodeAt(i)) throw this.#unexpected();
      this.#at++;
    }
  }

  #number(): void {
    if (this.#peek() === MINUS) this.#at++;
    if (this.#peek() === 0x30) this.#at++;
    else this.#digits();
    if (this.#peek() === POINT) {
      this.#at++;
      this.#digits();
    }
    const exponent = this.#peek();
    if (exponent === 0x65 || exponent === 0x45) {
      this.#at++;
      const signByte = this.#peek();
      if (signByte === MINUS || signByte === 0x2b) this.#at++;
      this.#digits();
    }
  }

  #digits(): void {
    const start = this.#at;
    while (isDigit(this.#peek())) this.#at++;
    if (this.#at === start) throw this.#unexpected();
  }

  #space(): void {
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  /** The byte here; 0, which stands nowhere in JSON, at the end. */
  #peek(): number {
    return this.#at < this.#end ? (this.#bytes[this.#at] ?? 0) : 0;
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
