import type { Inbox, InboxMessage } from '../../../core/administration/inbox.ts';
import type { AcceptedEvent } from '../../../core/events/event.ts';
import { wantsEventType } from '../../../core/events/event-type.ts';
import type { EventId, LeaseId } from '../../../core/ids.ts';
import { READ_PIECE_BYTES } from '../../../core/limits.ts';
import { dataBytes } from '../../../core/page-bytes.ts';
import type { Milliseconds, Timestamp } from '../../../core/time.ts';
import { eventFromRow } from '../../rows/event-row.ts';
import { number, type Row, text } from '../../rows/row.ts';
import type { Connection } from '../database/index.ts';
import type { WriteEffects } from '../write-queue/index.ts';
import { AvailableMessages } from './available-messages.ts';
import type { InboxWaker } from './inbox-waker.ts';

/** Events looked at in one step; a few ms. */
const MAX_LOOKED_AT = 1_000;
/** Messages leased in one step, five index entries each; a few ms. */
const MAX_LEASED = 250;
/** Read at once where some will not be wanted. */
const CHUNK = 200;

export interface LeaseRequest {
  readonly leaseId: LeaseId;
  readonly limit: number;
  readonly leaseMs: Milliseconds;
  readonly eventTypes: readonly string[];
  readonly maxBytes?: number;
}

export interface LeaseStep {
  readonly messages: readonly InboxMessage[];
  /** Of their data. */
  readonly bytes: number;
  /** Fewer than wanted, and not everything was looked at. */
  readonly more: boolean;
}

/** What one step has leased. */
class Step {
  readonly messages: InboxMessage[] = [];
  readonly #limit: number;
  readonly #maxBytes: number;
  bytes = 0;

  constructor(limit: number, maxBytes: number) {
    this.#limit = limit;
    this.#maxBytes = maxBytes;
  }

  get left(): number {
    return this.#limit - this.messages.length;
  }

  get isFull(): boolean {
    return this.left <= 0 || this.bytes >= this.#maxBytes;
  }

  add(message: InboxMessage): void {
    this.messages.push(message);
    this.bytes += dataBytes(message.event);
  }
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

  /** @param room how much of what was asked for earlier steps have left */
  leaseStep(
    inbox: Inbox,
    request: LeaseRequest,
    until: Timestamp,
    room: { readonly messages: number; readonly bytes: number },
    effects: WriteEffects,
  ): LeaseStep {
    const limit = Math.min(room.messages, MAX_LEASED);
    const step = new Step(limit, Math.min(room.bytes, READ_PIECE_BYTES));
    const moreToWake = this.#waker.wakeSome(inbox, effects);
    const rows = this.#available.oldest(inbox.id, request.eventTypes, limit);
    const spent: { id: EventId; type: string }[] = [];
    for (const row of rows) {
      if (step.isFull) break;
      const leaseCount = number(row, 'lease_count') + 1;
      if (leaseCount <= inbox.maxLeases) step.add(this.#lease(inbox, row, leaseCount, request, until));
      // The inbox's maximum was lowered since.
      else spent.push({ id: text(row, 'event_id'), type: text(row, 'event_type') });
    }
    for (const { id } of spent) this.#statements.quarantine.run(inbox.id, id);
    if (spent.length > 0) effects.quarantined.push({ inbox, events: spent });
    // What has a row is older than what has none: as long as there are such, they come first.
    const moreRows = rows.length === limit || moreToWake || step.isFull;
    const moreEvents = moreRows || this.#leaseUntouched(inbox, request, until, step);
    const { messages, bytes } = step;
    return { messages, bytes, more: messages.length < room.messages && bytes < room.bytes && moreEvents };
  }

  /**
   * Goes on from the inbox's cursor. What this lease passes over becomes a row, so that the cursor can move on and
   * nobody looks at these events again.
   * @returns whether there may be more events after the cursor
   */
  #leaseUntouched(inbox: Inbox, request: LeaseRequest, until: Timestamp, step: Step): boolean {
    const cursorRow = this.#statements.cursor.get(inbox.id);
    if (cursorRow === undefined) return false;
    const start = text<EventId>(cursorRow, 'cursor_event_id');
    const takesAll = inbox.eventTypes.length === 0 && request.eventTypes.length === 0;
    let cursor = start;
    let lookedAt = 0;
    let more = true;
    while (more && !step.isFull && lookedAt < MAX_LOOKED_AT) {
      const size = takesAll ? Math.min(step.left, MAX_LOOKED_AT) : CHUNK;
      const rows = this.#statements.events.all(inbox.id, inbox.organizationId, cursor, size);
      more = rows.length === size;
      for (const row of rows) {
        if (step.isFull) {
          more = true;
          break;
        }
        lookedAt++;
        cursor = text(row, 'event_id');
        const type = text(row, 'event_type');
        if (row['status'] !== null || !wantsEventType(inbox.eventTypes, type)) continue;
        if (wantsEventType(request.eventTypes, type)) step.add(this.#lease(inbox, row, 1, request, until));
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
