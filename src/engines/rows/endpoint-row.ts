import { DEFAULT_OPTIONS, type Endpoint } from '../../core/endpoint.ts';
import { parseExactJson } from '../../core/exact-json.ts';
import { json, number, numberOrNull, type Row, text, textOrNull } from './row.ts';

export function endpointFromRow(row: Row): Endpoint {
  const previousSecret = textOrNull(row, 'previous_secret');
  return {
    id: text(row, 'id'),
    organizationId: text(row, 'organization_id'),
    url: text(row, 'url'),
    description: text(row, 'description'),
    eventTypes: json(row, 'event_types'),
    headers: json(row, 'headers'),
    maxConcurrency: number(row, 'max_concurrency'),
    retryPolicy: { maxAttempts: number(row, 'max_attempts'), schedule: json(row, 'retry_schedule') },
    options: { ...DEFAULT_OPTIONS, ...(parseExactJson(text(row, 'options')) as object) },
    timeoutMs: number(row, 'timeout_ms'),
    status: text(row, 'status'),
    disabledReason: textOrNull(row, 'disabled_reason'),
    failingSince: numberOrNull(row, 'failing_since'),
    secret: text(row, 'secret'),
    previousSecret:
      previousSecret === null ? null : { secret: previousSecret, expiresAt: number(row, 'previous_secret_expires_at') },
    isDefault: number(row, 'is_default') === 1,
    createdAt: number(row, 'created_at'),
    updatedAt: number(row, 'updated_at'),
  };
}

/** The columns in the order of the table. */
export function endpointParameters(endpoint: Endpoint): (string | number | null)[] {
  return [
    endpoint.id,
    endpoint.organizationId,
    endpoint.url,
    endpoint.description,
    JSON.stringify(endpoint.eventTypes),
    JSON.stringify(endpoint.headers),
    endpoint.maxConcurrency,
    endpoint.retryPolicy.maxAttempts,
    JSON.stringify(endpoint.retryPolicy.schedule),
    endpoint.timeoutMs,
    endpoint.status,
    endpoint.disabledReason,
    endpoint.secret,
    endpoint.previousSecret?.secret ?? null,
    endpoint.previousSecret?.expiresAt ?? null,
    endpoint.isDefault ? 1 : 0,
    endpoint.createdAt,
    endpoint.updatedAt,
    JSON.stringify(endpoint.options),
    endpoint.failingSince,
  ];
}
