import type { AcceptedEvent } from '../../core/event.ts';
import { wantsEventType } from '../../core/event-type.ts';
import type { EventId, LeaseId } from '../../core/ids.ts';
import type { Inbox, InboxMessage } from '../../core/inbox.ts';
import type { Milliseconds, Timestamp } from '../../core/time.ts';
import { eventFromRow } from '../rows/event-row.ts';
import { number, type Row, text } from '../rows/row.ts';
import { AvailableMessages } from './available-messages.ts';
import type { Connection } from './connection.ts';
import type { InboxWaker } from './inbox-waker.ts';

/** Events looked at in one step; a few ms. */
const MAX_LOOKED_AT = 1_000;
/** Read at once where some will not be wanted. */
const CHUNK = 200;

export interface LeaseRequest {
  readonly leaseId: LeaseId;
  readonly limit: number;
  readonly leaseMs: Milliseconds;
  readonly eventTypes: readonly string[];
}

export interface LeaseStep {
  readonly messages: readonly InboxMessage[];
  /** Fewer than wanted, and not everything was looked at. */
  readonly more: boolean;
}

/** Leases what is available in an inbox, in steps of bounded work, each within a transaction. */
export class MessageLeaser {
  readonly #waker: InboxWaker;
  readonly #available: AvailableMessages;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(parts: { writer: Connection; waker: InboxWaker }) {
    this.#waker = parts.waker;
    this.#available = new AvailableMessages(parts.writer);
    this.#statements = prepare(parts.writer);
  }

  /** @param leased how many of the limit earlier steps have leased */
  leaseStep(inbox: Inbox, request: LeaseRequest, until: Timestamp, leased: number): LeaseStep {
    const limit = request.limit - leased;
    const moreToWake = this.#waker.wakeSome(inbox);
    const rows = this.#available.oldest(inbox.id, request.eventTypes, limit);
    const messages: InboxMessage[] = [];
    for (const row of rows) {
      const leaseCount = number(row, 'lease_count') + 1;
      if (leaseCount <= inbox.maxLeases) messages.push(this.#lease(inbox, row, leaseCount, request, until));
      // The inbox's maximum was lowered since.
      else this.#statements.quarantine.run(inbox.id, text(row, 'event_id'));
    }
    // What has a row is older than what has none: as long as there are such, they come first.
    const moreRows = rows.length === limit || moreToWake;
    const moreEvents = moreRows || this.#leaseUntouched(inbox, { ...request, limit }, until, messages);
    return { messages, more: messages.length < limit && moreEvents };
  }

  /**
   * Goes on from the inbox's cursor. What this lease passes over becomes a row, so that the cursor can move on and
   * nobody looks at these events again.
   * @returns whether there may be more events after the cursor
   */
  #leaseUntouched(inbox: Inbox, request: LeaseRequest, until: Timestamp, messages: InboxMessage[]): boolean {
    const cursorRow = this.#statements.cursor.get(inbox.id);
    if (cursorRow === undefined) return false;
    const start = text<EventId>(cursorRow, 'cursor_event_id');
    const takesAll = inbox.eventTypes.length === 0 && request.eventTypes.length === 0;
    let cursor = start;
    let lookedAt = 0;
    let more = true;
    while (more && messages.length < request.limit && lookedAt < MAX_LOOKED_AT) {
      const size = takesAll ? Math.min(request.limit - messages.length, MAX_LOOKED_AT) : CHUNK;
      const rows = this.#statements.events.all(inbox.id, inbox.organizationId, cursor, size);
      more = rows.length === size;
      for (const row of rows) {
        if (messages.length === request.limit) {
          more = true;
          break;
        }
        lookedAt++;
        cursor = text(row, 'event_id');
        const type = text(row, 'event_type');
        if (row['status'] !== null || !wantsEventType(inbox.eventTypes, type)) continue;
        if (wantsEventType(request.eventTypes, type)) messages.push(this.#lease(inbox, row, 1, request, until));
        else this.#statements.addAvailable.run(inbox.id, cursor, type);
      }
    }
    if (cursor !== start) this.#statements.moveCursor.run(inbox.id, cursor);
    return more;
  }

  #lease(inbox: Inbox, row: Row, leaseCount: number, request: LeaseRequest, until: Timestamp): InboxMessage {
    const id = text<EventId>(row, 'event_id');
    this.#statements.lease.run(inbox.id, id, text(row, 'event_type'), request.leaseId, until);
    return { event: this.#event(inbox, id), status: 'leased', leaseCount };
  }

  #event(inbox: Inbox, id: EventId): AcceptedEvent {
    const row = this.#statements.event.get(inbox.organizationId, id);
    if (row === undefined) throw new Error(`An inbox has a message of event ${id}, which is not there`);
    return eventFromRow(row);
  }
}

function prepare(writer: Connection) {
  return {
    cursor: writer.prepare('inbox-cursor'),
    moveCursor: writer.prepare('move-inbox-cursor'),
    events: writer.prepare('events-with-state'),
    event: writer.prepare('get-event'),
    lease: writer.prepare('lease-message'),
    quarantine: writer.prepare('quarantine-message'),
    addAvailable: writer.prepare('add-available-message'),
  };
}
