import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  InvalidJson,
  JsonCursor,
  type JsonSpan,
  OPEN_BRACE,
  OPEN_BRACKET,
} from './json-cursor.ts';

export type { JsonSpan } from './json-cursor.ts';

export interface JsonMember extends JsonSpan {
  /** Unescaped. */
  readonly key: string;
}

/** `other`: valid JSON, but not an array. */
export type JsonListScan =
  | { readonly kind: 'array'; readonly items: readonly JsonSpan[] }
  | { readonly kind: 'other'; readonly value: JsonSpan }
  | { readonly kind: 'invalid'; readonly detail: string };

/** `other`: valid JSON, but not an object. */
export type JsonScan =
  | { readonly kind: 'object'; readonly members: readonly JsonMember[] }
  | { readonly kind: 'other'; readonly value: JsonSpan }
  | { readonly kind: 'invalid'; readonly detail: string };

/**
 * Checks one JSON text (RFC 8259) and returns the positions of the outermost object's members, without building values.
 * A client's `data` can then be cut out byte for byte, with its 64-bit integers, key order and `1e400`.
 * Also refuses what the contract refuses: a duplicate key at the top (compared after unescaping), and more than 128
 * levels of nesting.
 * @param bytes valid UTF-8 (`buffer.isUtf8`)
 */
export function scanJson(bytes: Buffer): JsonScan {
  return orInvalid(() => {
    const cursor = new JsonCursor(bytes);
    cursor.space();
    const scan: JsonScan =
      cursor.peek() === OPEN_BRACE
        ? { kind: 'object', members: topMembers(cursor) }
        : { kind: 'other', value: cursor.value(1) };
    cursor.finish();
    return scan;
  });
}

/** Like `scanJson`, for a list: returns the positions of its items. Nesting counts from the list. */
export function scanJsonList(bytes: Buffer): JsonListScan {
  return orInvalid(() => {
    const cursor = new JsonCursor(bytes);
    cursor.space();
    const scan: JsonListScan =
      cursor.peek() === OPEN_BRACKET
        ? { kind: 'array', items: topItems(cursor) }
        : { kind: 'other', value: cursor.value(1) };
    cursor.finish();
    return scan;
  });
}

/** The text of a span. Plain ASCII becomes a one-byte string: half the memory, and faster to write. */
export function textOf(bytes: Buffer, span: JsonSpan): string {
  return bytes.toString('utf8', span.start, span.end);
}

function topMembers(cursor: JsonCursor): JsonMember[] {
  const members: JsonMember[] = [];
  if (!cursor.enter(1, CLOSE_BRACE)) return members;
  const seen = new Set<string>();
  do {
    const key = cursor.key();
    if (seen.has(key)) throw new InvalidJson('a key of the outermost object occurs twice');
    seen.add(key);
    const { kind, start, end } = cursor.value(2);
    members.push({ key, kind, start, end });
  } while (cursor.more(CLOSE_BRACE));
  return members;
}

function topItems(cursor: JsonCursor): JsonSpan[] {
  const items: JsonSpan[] = [];
  if (!cursor.enter(1, CLOSE_BRACKET)) return items;
  do items.push(cursor.value(2));
  while (cursor.more(CLOSE_BRACKET));
  return items;
}

function orInvalid<Scan>(scan: () => Scan): Scan | { readonly kind: 'invalid'; readonly detail: string } {
  try {
    return scan();
  } catch (error) {
    if (error instanceof InvalidJson) return { kind: 'invalid', detail: error.message };
    throw error;
  }
}
