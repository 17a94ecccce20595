import type { InboxMessage } from '../../../core/administration/inbox.ts';
import type { Attempt, Delivery } from '../../../core/delivery/delivery.ts';
import type { Job } from '../../../core/delivery/job.ts';
import type { DeliveryActivity } from '../../../core/events/activity.ts';
import type { AcceptedEvent } from '../../../core/events/event.ts';
import { isOperational } from '../../../core/events/operational-event.ts';
import { type Timestamp, toIso } from '../../../core/time.ts';
import type * as Wire from './types.ts';

/** Views: resources as clients see them. Events are printed as text, so that their `data` stays the same byte for byte. */

function iso(at: Timestamp | null): string | null {
  return at === null ? null : toIso(at);
}

/** @param extra printed members to add, each with a leading comma */
export function eventJson(event: AcceptedEvent, extra = ''): string {
  const head = JSON.stringify({
    id: event.id,
    type: event.type,
    created_at: toIso(event.createdAt),
    dedup_id: isOperational(event) ? null : event.dedupId,
    ordering_key: event.orderingKey,
    deliver_at: iso(event.deliverAt),
  });
  return `${head.slice(0, -1)},"data":${event.data}${extra}}`;
}

export function messageJson({ event, status, leaseCount }: InboxMessage): string {
  return eventJson(event, `,"status":"${status}","lease_count":${leaseCount}`);
}

/** A message with the lease that holds it. A client that knows the lease id can end it. */
export function heldMessageJson({ event, status, leaseCount, lease }: InboxMessage): string {
  const held = JSON.stringify({
    status,
    lease_count: leaseCount,
    lease_id: lease?.id ?? null,
    leased_until: lease === undefined ? null : toIso(lease.until),
  });
  return eventJson(event, `,${held.slice(1, -1)}`);
}

/** A list of printed rows. */
export function pageJson(rows: readonly string[], nextCursor: string | null): string {
  return `{"data":[${rows.join(',')}],"next_cursor":${JSON.stringify(nextCursor)}}`;
}

export function deliverySummary(delivery: Delivery) {
  return {
    id: delivery.id,
    endpoint_id: delivery.endpointId,
    status: delivery.status,
    attempts: delivery.attempts,
    next_attempt_at: iso(delivery.nextAttemptAt),
    last_status_code: delivery.lastStatusCode,
    last_error: delivery.lastError,
  };
}

export function deliveryView(delivery: Delivery): Wire.Delivery {
  return {
    ...deliverySummary(delivery),
    event_id: delivery.eventId,
    event_type: delivery.eventType,
    created_at: toIso(delivery.createdAt),
    updated_at: toIso(delivery.updatedAt),
  };
}

export function deliveryNewsView(news: DeliveryActivity) {
  return {
    id: news.id,
    event_id: news.eventId,
    event_type: news.eventType,
    endpoint_id: news.endpointId,
    status: news.status,
    attempts: news.attempts,
    next_attempt_at: iso(news.nextAttemptAt),
    last_status_code: news.lastStatusCode,
    last_error: news.lastError,
    at: toIso(news.at),
  };
}

export function attemptView(attempt: Attempt): Wire.Attempt {
  return {
    number: attempt.number,
    started_at: toIso(attempt.startedAt),
    duration_ms: attempt.durationMs,
    status_code: attempt.statusCode,
    error: attempt.error,
    error_detail: attempt.errorDetail,
    response_excerpt: attempt.responseExcerpt,
  };
}

export function jobView(job: Job): Wire.Job {
  return {
    id: job.id,
    kind: job.kind,
    status: job.status,
    looked_at: job.lookedAt,
    deliveries: job.made,
    error: job.error,
    created_at: toIso(job.createdAt),
    updated_at: toIso(job.updatedAt),
  };
}
