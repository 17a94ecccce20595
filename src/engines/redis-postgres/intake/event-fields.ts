import { isUtf8 } from 'node:buffer';
import type { AcceptedEvent } from '../../../core/events/event.ts';
import { isEventType } from '../../../core/events/event-type.ts';
import { type EventId, isUuid, type OrganizationId, uuidv7Time } from '../../../core/ids.ts';
import type { JsonText } from '../../../core/json/json-text.ts';
import { MAX_DATA_BYTES, MAX_DEDUP_ID_LENGTH, MAX_ORDERING_KEY_LENGTH } from '../../../core/limits.ts';
import { type Milliseconds, type Timestamp, timestamp } from '../../../core/time.ts';

/** An id that is further in the future was not made at acceptance. */
const MAX_AHEAD_MS: Milliseconds = 86_400_000;
const UUID_V7 = /^.{14}7/;
/** An entry without one of these fields is not an event. */
const REQUIRED = ['id', 'organization_id', 'type', 'data', 'created_at', 'hops'];
/** Optional fields with the maximum number of UTF-16 units that acceptance allows: indexed values must fit an index page. */
const MAX_UNITS: Readonly<Record<string, number>> = {
  dedup_id: 2 * MAX_DEDUP_ID_LENGTH,
  ordering_key: 2 * MAX_ORDERING_KEY_LENGTH,
  deliver_at: 15,
  traceparent: 512,
};
const KNOWN = new Set([...REQUIRED, ...Object.keys(MAX_UNITS)]);

/** Encodes an event as stream entry fields, names and values alternating; readable with `redis-cli XRANGE`. */
export function eventFields(event: AcceptedEvent): string[] {
  const fields = ['id', event.id, 'organization_id', event.organizationId, 'type', event.type, 'data', event.data];
  fields.push('created_at', String(event.createdAt), 'hops', String(event.hops));
  if (event.dedupId !== null) fields.push('dedup_id', event.dedupId);
  if (event.orderingKey !== null) fields.push('ordering_key', event.orderingKey);
  if (event.deliverAt !== null) fields.push('deliver_at', String(event.deliverAt));
  if (event.traceparent !== null) fields.push('traceparent', event.traceparent);
  return fields;
}

/**
 * Decodes the event of an entry, or says why there is none. The service's own entries were checked at acceptance; this
 * check keeps an entry written by other means from breaking the record or receivers: encoding, ids, numbers, and that
 * `data` is JSON. Unknown fields are ignored, as a later version may add some.
 */
export function eventFromFields(
  raw: readonly Buffer[],
  now: Timestamp,
): { readonly event: AcceptedEvent } | { readonly defect: string } {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const value = raw[at + 1] ?? Buffer.alloc(0);
    const name = String(raw[at]);
    if (!KNOWN.has(name)) continue;
    if (!isUtf8(value)) return { defect: `field ${name} is not UTF-8` };
    fields.set(name, value.toString('utf8'));
  }
  const defect = defectOf(fields, now);
  if (defect !== undefined) return { defect };
  const [dedupId, orderingKey, deliverAt, traceparent] = ['dedup_id', 'ordering_key', 'deliver_at', 'traceparent'].map(
    (name) => fields.get(name) ?? null,
  );
  return {
    event: {
      id: (fields.get('id') ?? '') as EventId,
      organizationId: (fields.get('organization_id') ?? '') as OrganizationId,
      type: fields.get('type') ?? '',
      data: (fields.get('data') ?? '') as JsonText,
      dedupId: dedupId ?? null,
      orderingKey: orderingKey ?? null,
      deliverAt: deliverAt === null || deliverAt === undefined ? null : timestamp(Number(deliverAt)),
      createdAt: timestamp(Number(fields.get('created_at'))),
      traceparent: traceparent ?? null,
      hops: Number(fields.get('hops')),
    },
  };
}

function defectOf(fields: ReadonlyMap<string, string>, now: Timestamp): string | undefined {
  for (const name of REQUIRED) if (!fields.has(name)) return `field ${name} is missing`;
  const [id = '', organizationId = '', data = ''] = ['id', 'organization_id', 'data'].map((name) => fields.get(name));
  if (!isLowerCaseUuid(id) || !UUID_V7.test(id)) return 'field id is not a UUIDv7';
  if (uuidv7Time(id) > now + MAX_AHEAD_MS) return 'field id is in the future';
  if (!isLowerCaseUuid(organizationId)) return 'field organization_id is not a UUID';
  if (!isEventType(fields.get('type') ?? '')) return 'field type is not an event type';
  for (const name of ['created_at', 'hops', 'deliver_at']) {
    if (!/^\d{1,15}$/.test(fields.get(name) ?? '0')) return `field ${name} is not a whole number`;
  }
  if (Number(fields.get('hops')) > 1_000) return 'field hops is too large';
  if (Buffer.byteLength(data) > MAX_DATA_BYTES) return 'field data is too large';
  return isJson(data) ? textDefectOf(fields) : 'field data is not JSON';
}

/** Finds text that PostgreSQL would refuse. */
function textDefectOf(fields: ReadonlyMap<string, string>): string | undefined {
  for (const [name, value] of fields) {
    if (value.includes('\0')) return `field ${name} contains a NUL`;
    if (value.length > (MAX_UNITS[name] ?? Number.POSITIVE_INFINITY)) return `field ${name} is too long`;
  }
  return undefined;
}

/** Whether a text is a lower-case UUID: PostgreSQL returns UUIDs in lower case, so other spellings would change. */
function isLowerCaseUuid(text: string): boolean {
  return isUuid(text) && text === text.toLowerCase();
}

/** Measured: 4 µs for 0.8 KB, 1.5 ms for 256 KB, little beside the cost of recording an event. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
