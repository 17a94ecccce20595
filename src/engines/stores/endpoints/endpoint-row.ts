import type { SecretBox } from '../../../core/administration/secret-box.ts';
import {
  DEFAULT_OPTIONS,
  type DeliveryOptions,
  type Endpoint,
  unreadableEndpoint,
} from '../../../core/delivery/endpoint.ts';
import { type Timestamp, timestamp } from '../../../core/time.ts';
import { withExactFilter } from '../../rows/exact-filter.ts';
import { json, number, numberOrNull, type Row, text, textOrNull } from '../../rows/row.ts';
import { openColumn, openColumnOrNull, sealColumn } from '../../rows/sealed-columns.ts';

/** A row that cannot be read is that endpoint's fault alone: it is `disabled` with the reason `unreadable`. */
export function endpointFromRow(row: Row, box: SecretBox): Endpoint {
  try {
    const endpoint = readEndpoint(row, box);
    checkNumbers(endpoint);
    checkTexts(endpoint);
    checkTimes(endpoint);
    return endpoint;
  } catch {
    const at = { createdAt: timeOf(row, 'created_at'), updatedAt: timeOf(row, 'updated_at') };
    const url = typeof row['url'] === 'string' ? { url: row['url'] } : {};
    return unreadableEndpoint({ id: text(row, 'id'), organizationId: text(row, 'organization_id'), ...at, ...url });
  }
}

function timeOf(row: Row, column: string): Timestamp {
  const at = row[column];
  return timestamp(isTime(at) ? at : 0);
}

/** Whether it can be printed: a `Date` goes 270,000 years either way. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(new Date(value).getTime());
}

/** Throws `UnreadableSecret` where a secret of the row can't be decrypted, and other errors where it holds something else. */
function readEndpoint(row: Row, box: SecretBox): Endpoint {
  const opened = (column: string): string => openColumn(box, 'endpoints', column, row);
  const previousSecret = openColumnOrNull(box, 'endpoints', 'previous_secret', row);
  return {
    id: text(row, 'id'),
    organizationId: text(row, 'organization_id'),
    url: text(row, 'url'),
    description: text(row, 'description'),
    eventTypes: json(row, 'event_types'),
    headers: JSON.parse(opened('headers')) as Endpoint['headers'],
    maxConcurrency: number(row, 'max_concurrency'),
    retryPolicy: { maxAttempts: number(row, 'max_attempts'), schedule: json(row, 'retry_schedule') },
    options: readOptions(opened('options')),
    timeoutMs: number(row, 'timeout_ms'),
    status: text(row, 'status'),
    disabledReason: textOrNull(row, 'disabled_reason'),
    failingSince: numberOrNull(row, 'failing_since'),
    lastFault: row['last_fault'] === null ? null : json(row, 'last_fault'),
    secret: opened('secret'),
    previousSecret:
      previousSecret === null ? null : { secret: previousSecret, expiresAt: number(row, 'previous_secret_expires_at') },
    isDefault: number(row, 'is_default') === 1,
    createdAt: number(row, 'created_at'),
    updatedAt: number(row, 'updated_at'),
  };
}

/** What claims and timers compute with: a wrong one would fail far from here, in a call that concerns other endpoints too. */
function checkNumbers({ maxConcurrency, retryPolicy, timeoutMs, options, eventTypes }: Endpoint): void {
  const { batch, rateLimit, retryDeadlineMs } = options;
  const whole = [maxConcurrency, retryPolicy.maxAttempts, timeoutMs, ...retryPolicy.schedule, retryDeadlineMs ?? 0];
  if (batch !== null) whole.push(batch.maxEvents, batch.maxWaitMs);
  if (!whole.every((number) => Number.isSafeInteger(number) && number >= 0)) throw new TypeError('No whole number');
  if (rateLimit !== null && !(Number.isFinite(rateLimit) && rateLimit > 0)) throw new TypeError('No rate');
  if (!Array.isArray(eventTypes)) throw new TypeError('No list of event types');
}

/** What fan-out and requests are made of: one endpoint's `[1,null]` would stop all events of its organization. */
function checkTexts({ eventTypes, headers, options: { clientCertificate } }: Endpoint): void {
  const texts: unknown[] = [...eventTypes, ...Object.values(headers)];
  // What it holds is not looked at here: parsing takes 50 µs, and 10,000 endpoints are read at once.
  if (clientCertificate !== null) texts.push(clientCertificate.certificate, clientCertificate.key);
  if (!texts.every((value) => typeof value === 'string')) throw new TypeError('No text');
}

function checkTimes({ createdAt, updatedAt, failingSince, lastFault, previousSecret }: Endpoint): void {
  const times = [
    createdAt,
    updatedAt,
    failingSince ?? 0,
    lastFault === null ? 0 : lastFault.at,
    previousSecret?.expiresAt ?? 0,
  ];
  if (!times.every(isTime)) throw new TypeError('No time');
}

/** Rows of version 0.1.0 may hold `maxWaitMs` with a fraction (2009.9999999999998 of 2.01 seconds). */
function readOptions(text: string): DeliveryOptions {
  const options: DeliveryOptions = { ...DEFAULT_OPTIONS, ...(withExactFilter(text) as object) };
  const { batch } = options;
  return batch === null ? options : { ...options, batch: { ...batch, maxWaitMs: Math.round(batch.maxWaitMs) } };
}

/** The columns in the order of the table, secrets encrypted. Throws for one that stands for an unreadable row, which it would overwrite. */
export function endpointParameters(endpoint: Endpoint, box: SecretBox): (string | number | null)[] {
  if (endpoint.disabledReason === 'unreadable')
    throw new TypeError(`The row of endpoint ${endpoint.id} cannot be read`);
  const sealed = (column: string, value: string): string =>
    sealColumn(box, { table: 'endpoints', column, id: endpoint.id }, value);
  return [
    endpoint.id,
    endpoint.organizationId,
    endpoint.url,
    endpoint.description,
    JSON.stringify(endpoint.eventTypes),
    sealed('headers', JSON.stringify(endpoint.headers)),
    endpoint.maxConcurrency,
    endpoint.retryPolicy.maxAttempts,
    JSON.stringify(endpoint.retryPolicy.schedule),
    endpoint.timeoutMs,
    endpoint.status,
    endpoint.disabledReason,
    sealed('secret', endpoint.secret),
    endpoint.previousSecret === null ? null : sealed('previous_secret', endpoint.previousSecret.secret),
    endpoint.previousSecret?.expiresAt ?? null,
    endpoint.isDefault ? 1 : 0,
    endpoint.createdAt,
    endpoint.updatedAt,
    sealed('options', JSON.stringify(endpoint.options)),
    endpoint.failingSince,
  ];
}
