import type { Attempt, AttemptSummary, Delivery } from '../../core/delivery/delivery.ts';
import { type Timestamp, timestamp } from '../../core/time.ts';
import { number, numberOrNull, type Row, text, textOrNull } from './row.ts';

export function deliveryFromRow(row: Row): Delivery {
  return {
    id: text(row, 'id'),
    organizationId: text(row, 'organization_id'),
    eventId: text(row, 'event_id'),
    endpointId: text(row, 'endpoint_id'),
    eventType: text(row, 'event_type'),
    status: text(row, 'status'),
    attempts: number(row, 'attempts'),
    nextAttemptAt: nextAttemptAt(row),
    lastStatusCode: numberOrNull(row, 'last_status_code'),
    lastError: textOrNull(row, 'last_error'),
    createdAt: number(row, 'created_at'),
    updatedAt: number(row, 'updated_at'),
  };
}

/** Due at once is due since it was last touched, and so is an attempt that is under way. */
function nextAttemptAt(row: Row): Timestamp | null {
  const dueAt = numberOrNull<Timestamp>(row, 'due_at');
  if (dueAt !== null && dueAt > 0) return dueAt;
  return dueAt === null && row['leased_until'] === null ? null : number(row, 'updated_at');
}

/** Of one that is taken: when it was due by the clock. */
export function dueAtOf(row: Row): { readonly dueAt?: Timestamp } {
  const dueAt = Number(row['due_at'] ?? 0);
  return dueAt > 0 ? { dueAt: timestamp(dueAt) } : {};
}

export function attemptFromRow(row: Row): Attempt {
  return { ...figures(row), responseExcerpt: textOrNull(row, 'response_excerpt') };
}

export function attemptSummaryFromRow(row: Row): AttemptSummary {
  return { ...figures(row), deliveryId: text(row, 'delivery_id') };
}

function figures(row: Row): Omit<Attempt, 'responseExcerpt'> {
  return {
    number: number(row, 'number'),
    startedAt: number(row, 'started_at'),
    durationMs: number(row, 'duration_ms'),
    statusCode: numberOrNull(row, 'status_code'),
    error: textOrNull(row, 'error'),
    errorDetail: textOrNull(row, 'error_detail'),
  };
}
