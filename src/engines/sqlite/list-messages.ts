import { wantsEventType } from '../../core/event-type.ts';
import { type EventId, idBefore } from '../../core/ids.ts';
import type { Inbox, InboxMessage, InboxStatus } from '../../core/inbox.ts';
import { eventFromRow } from '../rows/event-row.ts';
import { numberOrNull, type Row, text } from '../rows/row.ts';
import type { ReadConnection } from './read-connection.ts';

/** Events looked at before others get the loop; a few ms. */
const CHUNK = 500;

interface Page {
  readonly limit: number;
  readonly after: EventId | null;
}

/** Looks into an inbox, oldest first. Expects that leases which ran out were woken. */
export class MessageList {
  readonly #reader: ReadConnection;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(reader: ReadConnection) {
    this.#reader = reader;
    this.#statements = prepare(reader);
  }

  async list(inbox: Inbox, { status, ...page }: Page & { status: InboxStatus | null }): Promise<InboxMessage[]> {
    if (status === null) return this.#walk(inbox, page.after ?? '', page.limit, 'all');
    const messages = await this.#reader.read(() => {
      const rows = this.#statements.ofStatus.all(inbox.id, status, page.after ?? '', page.limit);
      if (status === 'available') {
        rows.push(...this.#statements.ofStatus.all(inbox.id, 'delayed', page.after ?? '', page.limit));
        rows.sort((a, b) => (text(a, 'event_id') < text(b, 'event_id') ? -1 : 1));
      }
      return this.#messages(inbox, rows.slice(0, page.limit));
    });
    if (status !== 'available' || messages.length === page.limit) return messages;
    // What has a row is older than what has none.
    return [...messages, ...(await this.#walk(inbox, page.after ?? '', page.limit - messages.length, 'untouched'))];
  }

  find(inbox: Inbox, eventId: EventId): Promise<InboxMessage | undefined> {
    return this.#reader.read(() => {
      const cursor = this.#cursor(inbox);
      const rows = this.#statements.events.all(inbox.id, inbox.organizationId, idBefore(eventId), 1);
      const shown = rows.filter((row) => text(row, 'event_id') === eventId && isShown(inbox, row, cursor));
      return this.#messages(inbox, shown)[0];
    });
  }

  /** Goes through the organization's events: those with a row in this inbox, and those that wait untouched. */
  async #walk(inbox: Inbox, after: string, limit: number, which: 'all' | 'untouched'): Promise<InboxMessage[]> {
    const messages: InboxMessage[] = [];
    let from = after;
    for (let more = true; more && messages.length < limit; ) {
      if (messages.length > 0 || from !== after) await new Promise((resolve) => setImmediate(resolve));
      await this.#reader.read(() => {
        const cursor = this.#cursor(inbox);
        if (which === 'untouched' && from < cursor) from = cursor;
        const rows = this.#statements.events.all(inbox.id, inbox.organizationId, from, CHUNK);
        more = rows.length === CHUNK;
        from = String(rows.at(-1)?.['event_id'] ?? from);
        const shown = rows.filter((row) => (which === 'all' || row['status'] === null) && isShown(inbox, row, cursor));
        messages.push(...this.#messages(inbox, shown.slice(0, limit - messages.length)));
      });
    }
    return messages;
  }

  #cursor(inbox: Inbox): string {
    const row = this.#statements.cursor.get(inbox.id);
    return row === undefined ? '' : text(row, 'cursor_event_id');
  }

  #messages(inbox: Inbox, rows: readonly Row[]): InboxMessage[] {
    const messages: InboxMessage[] = [];
    for (const row of rows) {
      const event = this.#statements.event.get(inbox.organizationId, text(row, 'event_id'));
      if (event === undefined) continue;
      messages.push({
        event: eventFromRow(event),
        status: shownStatus(row),
        leaseCount: numberOrNull(row, 'lease_count') ?? 0,
      });
    }
    return messages;
  }
}

/** What was touched is, whatever the inbox wants by now; else what it wants of what it has not gone past. */
function isShown(inbox: Inbox, row: Row, cursor: string): boolean {
  if (row['status'] !== null) return true;
  return text(row, 'event_id') > cursor && wantsEventType(inbox.eventTypes, text(row, 'event_type'));
}

/** Untouched is available; so is what was released for later, as far as a reader is concerned. */
function shownStatus(row: Row): InboxStatus {
  return row['status'] === null || row['status'] === 'delayed' ? 'available' : text<InboxStatus>(row, 'status');
}

function prepare(reader: ReadConnection) {
  return {
    ofStatus: reader.prepare('messages-of-status'),
    events: reader.prepare('events-with-state'),
    event: reader.prepare('get-event'),
    cursor: reader.prepare('inbox-cursor'),
  };
}
