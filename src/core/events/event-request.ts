import { type JsonMember, scanJson, textOf } from '../json/json-scan.ts';
import type { JsonText } from '../json/json-text.ts';
import {
  MAX_DATA_BYTES,
  MAX_DEDUP_ID_LENGTH,
  MAX_DELIVER_AHEAD_MS,
  MAX_ORDERING_KEY_LENGTH,
  MAX_TYPE_LENGTH,
} from '../limits.ts';
import { type FieldError, invalidRequest, type Problem } from '../problem.ts';
import { parseTime, type Timestamp, timestamp } from '../time.ts';
import { isEventType } from './event-type.ts';

/** An event as the client sent it, validated. */
export interface EventInput {
  readonly type: string;
  readonly data: JsonText;
  readonly dedupId: string | null;
  readonly orderingKey: string | null;
  readonly deliverAt: Timestamp | null;
}

export type EventRequest =
  | { readonly kind: 'event'; readonly input: EventInput }
  | { readonly kind: 'refused'; readonly problem: Problem };

export const MAX_DATA = {
  bytes: MAX_DATA_BYTES,
  problem: { code: 'payload_too_large', detail: `data may have at most ${MAX_DATA_BYTES} bytes.` },
} as const;

/**
 * Reads the body of `POST /api/events`. `data` is cut out as text and never parsed into values. Unknown fields are
 * ignored.
 * @param body valid UTF-8
 * @param idempotencyKey the header's value; null = absent
 */
export function readEventRequest(body: Buffer, idempotencyKey: string | null, now: Timestamp): EventRequest {
  const scan = scanJson(body);
  if (scan.kind === 'invalid')
    return refused({ code: 'invalid_json', detail: `The body is not valid: ${scan.detail}.` });
  if (scan.kind === 'other') return refused(invalidRequest([{ path: 'body', message: 'must be a JSON object' }]));

  const errors: FieldError[] = [];
  const fields = new FieldReader(body, scan.members, errors);
  const type = fields.type();
  const data = fields.data();
  const dedupId = fields.dedupId(idempotencyKey);
  const orderingKey = fields.key('ordering_key', MAX_ORDERING_KEY_LENGTH);
  const deliverAt = fields.deliverAt(now);

  if (errors.length > 0 || data === undefined) return refused(invalidRequest(errors));
  if (data.end - data.start > MAX_DATA.bytes) {
    return refused(MAX_DATA.problem);
  }
  return {
    kind: 'event',
    input: { type, data: textOf(body, data) as JsonText, dedupId, orderingKey, deliverAt },
  };
}

function refused(problem: Problem): EventRequest {
  return { kind: 'refused', problem };
}

/** Reads single fields and collects their errors. */
class FieldReader {
  readonly #body: Buffer;
  readonly #members: readonly JsonMember[];
  readonly #errors: FieldError[];

  constructor(body: Buffer, members: readonly JsonMember[], errors: FieldError[]) {
    this.#body = body;
    this.#members = members;
    this.#errors = errors;
  }

  type(): string {
    const type = this.#string('type');
    if (type === undefined) return '';
    if (type === null) this.#wrong('type', 'is required');
    else if (isEventType(type)) return type;
    else {
      this.#wrong('type', `must be 1 to ${MAX_TYPE_LENGTH} of A–Z a–z 0–9 . _ - : / and start with a letter or digit`);
    }
    return '';
  }

  data(): JsonMember | undefined {
    const data = this.#member('data');
    const payload = this.#member('payload');
    if (data !== undefined && payload !== undefined) {
      this.#wrong('payload', 'is another name for data: send only one of them');
    }
    if (data === undefined && payload === undefined) this.#wrong('data', 'is required');
    return data ?? payload;
  }

  dedupId(header: string | null): string | null {
    const field = this.key('dedup_id', MAX_DEDUP_ID_LENGTH);
    if (header === null) return field;
    this.#checkKey('Idempotency-Key', header, MAX_DEDUP_ID_LENGTH);
    if (field !== null && field !== header) this.#wrong('dedup_id', 'differs from the header Idempotency-Key');
    return header;
  }

  /** Reads a key: Unicode text without control characters, with a maximum length. */
  key(name: string, maxLength: number): string | null {
    const value = this.#string(name);
    if (value === undefined || value === null) return null;
    this.#checkKey(name, value, maxLength);
    return value;
  }

  deliverAt(now: Timestamp): Timestamp | null {
    const value = this.#string('deliver_at');
    if (value === undefined || value === null) return null;
    const at = parseTime(value);
    if (at === undefined) this.#wrong('deliver_at', 'must be a time such as 2026-01-31T12:00:00.000Z');
    else if (at > now + MAX_DELIVER_AHEAD_MS) this.#wrong('deliver_at', 'may be at most 30 days in the future');
    // Times before 1970 are negative, which neither queues nor stream entries can hold.
    return at === undefined ? null : timestamp(Math.max(0, at));
  }

  #checkKey(path: string, value: string, maxLength: number): void {
    const wrong = wrongKey(value, maxLength);
    if (wrong !== null) this.#wrong(path, wrong);
  }

  /** @returns null when absent or null; undefined when not a string, which is recorded as an error */
  #string(name: string): string | null | undefined {
    const member = this.#member(name);
    if (member === undefined || member.kind === 'null') return null;
    if (member.kind !== 'string') {
      this.#wrong(name, 'must be a string');
      return undefined;
    }
    return String(JSON.parse(textOf(this.#body, member)));
  }

  #member(name: string): JsonMember | undefined {
    return this.#members.find((member) => member.key === name);
  }

  #wrong(path: string, message: string): void {
    this.#errors.push({ path, message });
  }
}

/** Checks a key. @returns the error; null = valid */
export function wrongKey(value: string, maxLength: number): string | null {
  if (!value.isWellFormed() || CONTROL.test(value)) return 'must be Unicode text without control characters';
  return value.length === 0 || characters(value) > maxLength ? `must have 1 to ${maxLength} characters` : null;
}

const CONTROL = /\p{Cc}/u;

/** Counts code points, not UTF-16 units. */
function characters(text: string): number {
  return text.length <= MAX_DEDUP_ID_LENGTH ? text.length : [...text].length;
}
