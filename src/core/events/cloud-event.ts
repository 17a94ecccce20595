import { createHash } from 'node:crypto';
import { headerText } from '../delivery/header-text.ts';
import { type JsonMember, scanJson, scanJsonList, textOf } from '../json/json-scan.ts';
import type { JsonText } from '../json/json-text.ts';
import { MAX_ORDERING_KEY_LENGTH } from '../limits.ts';
import { type FieldError, invalidRequest } from '../problem.ts';
import { type EventRequest, MAX_DATA } from './event-request.ts';
import { isEventType } from './event-type.ts';

/** The attributes of a CloudEvent (CloudEvents 1.0.2) that mean something here. Undefined: it has none. */
export interface CloudEventAttributes {
  readonly specversion: string | undefined;
  readonly id: string | undefined;
  readonly source: string | undefined;
  readonly type: string | undefined;
  /** Of the extension Partitioning: our ordering key. */
  readonly partitionkey: string | undefined;
}

const NAMES = ['specversion', 'id', 'source', 'type', 'partitionkey'] as const;

/** A body in structured mode: attributes and data in one object. @param body valid UTF-8 */
export function readStructuredCloudEvent(body: Buffer): EventRequest {
  const scan = scanJson(body);
  if (scan.kind === 'invalid') return invalidJson(scan.detail);
  if (scan.kind === 'other') return refused([{ path: 'body', message: 'must be a JSON object' }]);
  const member = (name: string) => scan.members.find(({ key }) => key === name);
  const errors: FieldError[] = [];
  const read = (name: string): string | undefined => {
    const found = member(name);
    if (found === undefined || found.kind === 'null') return undefined;
    if (found.kind === 'string') return String(JSON.parse(textOf(body, found)));
    errors.push({ path: name, message: 'must be a string' });
    return undefined;
  };
  const attributes = Object.fromEntries(NAMES.map((name) => [name, read(name)])) as unknown as CloudEventAttributes;
  if (member('data_base64') !== undefined) {
    errors.push({ path: 'data_base64', message: 'is not supported: send data as JSON' });
  }
  return eventOf(attributes, dataOf(body, member('data')), errors);
}

/** Binary mode: attributes in `ce-*` headers, the body is the data, none = `null`. @param body valid UTF-8 */
export function readBinaryCloudEvent(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Buffer,
): EventRequest {
  const scan = body.length === 0 ? NO_DATA : scanJsonList(body);
  if (scan.kind === 'invalid') return invalidJson(scan.detail);
  const errors: FieldError[] = [];
  const read = (name: string): string | undefined => {
    const value = headers[`ce-${name}`];
    if (value === undefined) return undefined;
    const decoded = typeof value === 'string' ? decodeHeader(value) : undefined;
    if (decoded === undefined) errors.push({ path: `ce-${name}`, message: 'can not be read' });
    return decoded;
  };
  const attributes = Object.fromEntries(NAMES.map((name) => [name, read(name)])) as unknown as CloudEventAttributes;
  return eventOf(attributes, (body.length === 0 ? 'null' : body.toString('utf8').trim()) as JsonText, errors);
}

const NO_DATA = { kind: 'none' } as const;

/** Percent-encoded UTF-8 (HTTP Protocol Binding, 3.1.3.2), or UTF-8 as it is; undefined for anything else. */
function decodeHeader(value: string): string | undefined {
  const text = headerText(value);
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function dataOf(body: Buffer, member: JsonMember | undefined): JsonText {
  return (member === undefined ? 'null' : textOf(body, member)) as JsonText;
}

function eventOf(attributes: CloudEventAttributes, data: JsonText, errors: FieldError[]): EventRequest {
  const { specversion, id = '', source = '', type = '', partitionkey } = attributes;
  if (specversion !== '1.0') errors.push({ path: 'specversion', message: 'must be 1.0' });
  for (const [path, value] of [
    ['id', id],
    ['source', source],
  ] as const) {
    if (value === '') errors.push({ path, message: 'is required' });
  }
  if (!isEventType(type)) errors.push({ path: 'type', message: 'must be an event type' });
  const orderingKey = partitionkey ?? null;
  if (orderingKey !== null && !isKey(orderingKey)) {
    errors.push({ path: 'partitionkey', message: `must have 1 to ${MAX_ORDERING_KEY_LENGTH} characters` });
  }
  if (errors.length > 0) return refused(errors);
  if (Buffer.byteLength(data) > MAX_DATA.bytes) return { kind: 'refused', problem: MAX_DATA.problem };
  return { kind: 'event', input: { type, data, dedupId: dedupIdOf(source, id), orderingKey, deliverAt: null } };
}

/** `source` and `id` together name an event; NUL between them can stand in neither. */
function dedupIdOf(source: string, id: string): string {
  return `ce:${createHash('sha256').update(source).update('\0').update(id).digest('base64url')}`;
}

function isKey(text: string): boolean {
  return text.length > 0 && text.length <= MAX_ORDERING_KEY_LENGTH && text.isWellFormed() && !/\p{Cc}/u.test(text);
}

function refused(errors: readonly FieldError[]): EventRequest {
  return { kind: 'refused', problem: invalidRequest(errors) };
}

function invalidJson(detail: string): EventRequest {
  return { kind: 'refused', problem: { code: 'invalid_json', detail: `The body is not valid: ${detail}.` } };
}
