import { wantsEventType } from '../../../../core/event-type.ts';
import { type EventId, idBefore } from '../../../../core/ids.ts';
import type { Inbox, InboxMessage, InboxStatus } from '../../../../core/inbox.ts';
import type { Clock } from '../../../../ports/clock.ts';
import { type Row, text } from '../../../rows/row.ts';
import type { Database } from '../database.ts';
import { messageFromRow } from './inbox-rows.ts';

const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000';

/** Looks into an inbox, oldest first, and writes nothing. */
export class MessageList {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(parts: { database: Database; clock: Clock }) {
    this.#database = parts.database;
    this.#clock = parts.clock;
  }

  async find(inbox: Inbox, eventId: EventId): Promise<InboxMessage | undefined> {
    const [row] = await this.#page(inbox, null, idBefore(eventId), 1);
    return row !== undefined && text(row, 'id') === eventId && isShown(inbox, row) ? messageOf(row) : undefined;
  }

  async list(
    inbox: Inbox,
    query: { readonly status: InboxStatus | null; readonly limit: number; readonly after: EventId | null },
  ): Promise<InboxMessage[]> {
    const messages: InboxMessage[] = [];
    let after: string = query.after ?? BEFORE_ALL_IDS;
    // Again only if the inbox does not want everything.
    for (let more = true; more; ) {
      const left = query.limit - messages.length;
      const rows = await this.#page(inbox, query.status, after, left);
      const shown = rows.filter((row) => isShown(inbox, row));
      messages.push(...shown.map(messageOf));
      more = rows.length === left && shown.length < left;
      after = text(rows.at(-1) ?? { id: after }, 'id');
    }
    return messages;
  }

  #page(inbox: Inbox, status: InboxStatus | null, after: string, limit: number): Promise<readonly Row[]> {
    const range = [inbox.id, inbox.organizationId, after, limit, this.#clock.now(), inbox.maxLeases];
    return status === null
      ? this.#database.query('list-messages', range, { idempotent: true })
      : this.#database.query('list-messages-of-status', [...range, status], { idempotent: true });
  }
}

/** What was touched is, whatever the inbox wants by now. */
function isShown(inbox: Inbox, row: Row): boolean {
  return row['touched'] === true || wantsEventType(inbox.eventTypes, text(row, 'type'));
}

function messageOf(row: Row): InboxMessage {
  return messageFromRow(row, text<InboxStatus>(row, 'status'));
}
