import { DEFAULT_OPTIONS, type Endpoint } from '../../core/endpoint.ts';
import { parseExactJson } from '../../core/exact-json.ts';
import type { SecretBox } from '../../core/secret-box.ts';
import { json, number, numberOrNull, type Row, text, textOrNull } from './row.ts';
import { openColumn, openColumnOrNull, sealColumn } from './sealed-columns.ts';

/** Throws `UnreadableSecret` where a secret of the row can't be decrypted. */
export function endpointFromRow(row: Row, box: SecretBox): Endpoint {
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
    options: { ...DEFAULT_OPTIONS, ...(parseExactJson(opened('options')) as object) },
    timeoutMs: number(row, 'timeout_ms'),
    status: text(row, 'status'),
    disabledReason: textOrNull(row, 'disabled_reason'),
    failingSince: numberOrNull(row, 'failing_since'),
    secret: opened('secret'),
    previousSecret:
      previousSecret === null ? null : { secret: previousSecret, expiresAt: number(row, 'previous_secret_expires_at') },
    isDefault: number(row, 'is_default') === 1,
    createdAt: number(row, 'created_at'),
    updatedAt: number(row, 'updated_at'),
  };
}

/** The columns in the order of the table, secrets encrypted. */
export function endpointParameters(endpoint: Endpoint, box: SecretBox): (string | number | null)[] {
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
