import { isUuid } from '../../../../core/ids.ts';
import type { Inbox, InboxMessage, InboxStatus } from '../../../../core/inbox.ts';
import { eventFromRow } from '../event-row.ts';
import { json, number, type Row, text } from '../row.ts';

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

export function messageFromRow(row: Row, status: InboxStatus): InboxMessage {
  return { event: eventFromRow(row), status, leaseCount: number(row, 'lease_count') };
}

/**
 * Clients may send anything for an id. PostgreSQL refuses to compare a uuid with what is none, and takes an upper-case
 * one for the same; ids are lower-case texts.
 */
export function canBeId(text: string): boolean {
  return isUuid(text) && text === text.toLowerCase();
}
