import type { AcceptedEvent } from '../../core/events/event.ts';
import { number, numberOrNull, type Row, text, textOrNull } from './row.ts';

export function eventFromRow(row: Row): AcceptedEvent {
  return {
    id: text(row, 'id'),
    organizationId: text(row, 'organization_id'),
    type: text(row, 'type'),
    data: text(row, 'data'),
    dedupId: textOrNull(row, 'dedup_id'),
    orderingKey: textOrNull(row, 'ordering_key'),
    deliverAt: numberOrNull(row, 'deliver_at'),
    createdAt: number(row, 'created_at'),
    traceparent: textOrNull(row, 'traceparent'),
    hops: number(row, 'hops'),
  };
}
