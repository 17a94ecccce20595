import type { InboxMessage, InboxStatus } from '../../../core/administration/inbox.ts';
import { type EventId, isUuid } from '../../../core/ids.ts';
import type { QuarantinedMessages } from '../../../ports/store/inbox-store.ts';
import { eventFromRow } from '../../rows/event-row.ts';
import { leaseOf } from '../../rows/inbox-row.ts';
import { number, type Row } from '../../rows/row.ts';

export function messageFromRow(row: Row, status: InboxStatus): InboxMessage {
  const lease = status === 'leased' && typeof row['lease_id'] === 'string' ? { lease: leaseOf(row) } : {};
  return { event: eventFromRow(row), status, leaseCount: number(row, 'lease_count'), ...lease };
}

export function texts<Text extends string = string>(row: Row, column: string): readonly Text[] {
  const values = row[column];
  if (!Array.isArray(values)) throw new TypeError(`Column ${column} holds no array`);
  return values;
}

/**
 * Whether a client's text can be an id. PostgreSQL refuses to compare a uuid with other text and equates upper and
 * lower case; ids are lower case.
 */
export function canBeId(text: string): boolean {
  return isUuid(text) && text === text.toLowerCase();
}

/** Decodes quarantined messages from two columns of equal length. */
export function quarantinedIn(row: Row): QuarantinedMessages['events'] {
  const types = texts(row, 'quarantined_types');
  return texts<EventId>(row, 'quarantined_ids').map((id, at) => ({ id, type: types[at] ?? '' }));
}
