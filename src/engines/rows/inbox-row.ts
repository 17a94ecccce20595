import type { Inbox, InboxMessage } from '../../core/administration/inbox.ts';
import { json, number, type Row, text } from './row.ts';

export function inboxFromRow(row: Row): Inbox {
  return {
    id: text(row, 'id'),
    organizationId: text(row, 'organization_id'),
    name: text(row, 'name'),
    eventTypes: json(row, 'event_types'),
    maxLeases: number(row, 'max_leases'),
    paused: number(row, 'paused') === 1,
    createdAt: number(row, 'created_at'),
  };
}

/** Of a leased message. */
export function leaseOf(row: Row): NonNullable<InboxMessage['lease']> {
  return { id: text(row, 'lease_id'), until: number(row, 'due_at') };
}
