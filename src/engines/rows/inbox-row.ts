import type { Inbox, InboxMessage } from '../../core/administration/inbox.ts';
import { DEFAULT_MAX_LEASES } from '../../core/limits.ts';
import { type Timestamp, timestamp } from '../../core/time.ts';
import { number, type Row, text, textsOrNull } from './row.ts';

/**
 * A row that cannot be read is that inbox's fault alone: it is shown as paused, gives nothing out, and keeps what it has until
 * its event types are set again.
 */
export function inboxFromRow(row: Row): Inbox {
  const eventTypes = textsOrNull(row, 'event_types');
  const { max_leases: maxLeases, created_at: createdAt } = row;
  const isReadable = eventTypes !== null && isWhole(maxLeases) && isWhole(createdAt);
  return {
    id: text(row, 'id'),
    organizationId: text(row, 'organization_id'),
    name: text(row, 'name'),
    eventTypes: eventTypes ?? [],
    maxLeases: isWhole(maxLeases) ? maxLeases : DEFAULT_MAX_LEASES,
    paused: row['paused'] === 1 || !isReadable,
    createdAt: isWhole(createdAt) ? (createdAt as Timestamp) : timestamp(0),
  };
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** Of a leased message. */
export function leaseOf(row: Row): NonNullable<InboxMessage['lease']> {
  return { id: text(row, 'lease_id'), until: number(row, 'due_at') };
}
