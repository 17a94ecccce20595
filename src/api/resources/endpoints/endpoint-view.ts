import type { Endpoint } from '../../../core/delivery/endpoint.ts';
import { formatDuration, toIso } from '../../../core/time.ts';
import type { Wire } from '../views/index.ts';
import { optionsView } from './endpoint-options.ts';

/** An endpoint as clients see it, without its secret, which only the creation and `…/secret` show. */
export function endpointView(endpoint: Endpoint): Wire.Endpoint {
  return {
    id: endpoint.id,
    url: endpoint.url,
    description: endpoint.description,
    event_types: endpoint.eventTypes,
    headers: endpoint.headers,
    max_concurrency: endpoint.maxConcurrency,
    timeout_seconds: endpoint.timeoutMs / 1_000,
    max_attempts: endpoint.retryPolicy.maxAttempts,
    retry_schedule: endpoint.retryPolicy.schedule.map(formatDuration),
    ...optionsView(endpoint.options),
    enabled: endpoint.status === 'active',
    status: endpoint.status,
    disabled_reason: endpoint.disabledReason,
    failing_since: endpoint.failingSince === null ? null : toIso(endpoint.failingSince),
    created_at: toIso(endpoint.createdAt),
    updated_at: toIso(endpoint.updatedAt),
  };
}
