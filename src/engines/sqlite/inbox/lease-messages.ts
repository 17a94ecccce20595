import type { Inbox, InboxMessage } from '../../../core/administration/inbox.ts';
import type { AcceptedEvent } from '../../../core/events/event.ts';
import type { EventId, LeaseId } from '../../../core/ids.ts';
import { READ_PIECE_BYTES } from '../../../core/limits.ts';
import { dataBytes } from '../../../core/page-bytes.ts';
import type { Milliseconds, Timestamp } from '../../../core/time.ts';
import { eventFromRow } from '../../rows/event-row.ts';
import { number, type Row, text } from '../../rows/row.ts';
import type { Connection } from '../database/index.ts';
import type { WriteEffects } from '../write-queue/index.ts';
import type { InboxWaker } from './inbox-waker.ts';
import type { LeaseTypes } from './lease-types.ts';

/** Events scanned per step; a few ms. */
const MAX_SCANNED = 1_000;
/** Messages leased per step, five index entries each; a few ms. */
export const MAX_LEASED = 100;
/** Events read at once where the lease skips some. */
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
  /** Bytes of their data. */
  readonly bytes: number;
  /** Fewer messages than requested, and not everything was scanned. */
  readonly more: boolean;
  /** More messages with a row may exist; otherwise the next step need not search for any. */
  readonly moreRows: boolean;
  /** Types to match before the next step, which starts at the first event of one of them. */
  readonly unknownTypes: readonly string[];
}

/** Input of a step that was computed outside of its transaction. */
export interface LeasePlan {
  readonly types: LeaseTypes;
  /** Wanted messages that have a row, oldest first; null = all available ones. */
  readonly candidates: readonly EventId[] | null;
}

/** The messages leased by one step. */
class Step {
  readonly messages: InboxMessage[] = [];
  readonly #limit: number;
  readonly #maxBytes: number;
  bytes = 0;

  constructor(limit: number, maxBytes: number) {
    this.#limit = limit;
    this.#maxBytes = maxBytes;
  }

  get remaining(): number {
    return this.#limit - this.messages.length;
  }

  get isFull(): boolean {
    return this.remaining <= 0 || this.bytes >= this.#maxBytes;
  }

  add(message: InboxMessage | undefined): void {
    if (message === undefined) return;
    this.messages.push(message);
    this.bytes += dataBytes(message.event);
  }
}

/** Leases available messages in bounded steps, each within a transaction. */
export class MessageLeaser {
  readonly #waker: InboxWaker;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(parts: { writer: Connection; waker: InboxWaker }) {
    this.#waker = parts.waker;
    this.#statements = prepare(parts.writer);
  }

  /** @param room what remains of the request after earlier steps */
  leaseStep(
    inbox: Inbox,
    request: LeaseRequest,
    until: Timestamp,
    { types, candidates, room }: LeasePlan & { readonly room: { readonly messages: number; readonly bytes: number } },
    effects: WriteEffects,
  ): LeaseStep {
    const limit = Math.min(room.messages, MAX_LEASED);
    const step = new Step(limit, Math.min(room.bytes, READ_PIECE_BYTES));
    const moreToWake = this.#waker.wakeSome(inbox, effects);
    const rows = this.#availableRows(inbox, candidates, limit);
    const spent: { id: EventId; type: string }[] = [];
    for (const row of rows) {
      if (step.isFull) break;
      const leaseCount = number(row, 'lease_count') + 1;
      if (leaseCount <= inbox.maxLeases) step.add(this.#lease(inbox, row, leaseCount, request, until));
      // The inbox's `maxLeases` was lowered since.
      else spent.push({ id: text(row, 'event_id'), type: text(row, 'event_type') });
    }
    for (const { id } of spent) this.#statements.quarantine.run(inbox.id, id);
    if (spent.length > 0) effects.quarantined.push({ inbox, events: spent });
    // Messages with a row are older than those without, so they come first.
    const moreRows = (candidates ?? rows).length === limit || moreToWake || step.isFull;
    const unknown = new Set<string>();
    const moreEvents = moreRows || this.#leaseUntouched(inbox, request, until, { step, types, unknown });
    const { messages, bytes } = step;
    const more = messages.length < room.messages && bytes < room.bytes && moreEvents;
    return { messages, bytes, more, moreRows, unknownTypes: [...unknown] };
  }

  /** Candidates may have been leased by others since the search. */
  #availableRows(inbox: Inbox, candidates: readonly EventId[] | null, limit: number): Row[] {
    if (candidates === null) return this.#statements.available.all(inbox.id, limit);
    return candidates.map((id) => this.#statements.availableById.get(inbox.id, id)).filter((row) => row !== undefined);
  }

  /**
   * Scans events from the inbox's cursor. An event that this lease skips gets a row, so that the cursor can advance and
   * no later lease scans it again. Stops before an event of an unmatched type.
   * @returns whether there may be more events after the cursor
   */
  #leaseUntouched(
    inbox: Inbox,
    request: LeaseRequest,
    until: Timestamp,
    { step, types, unknown }: { readonly step: Step; readonly types: LeaseTypes; readonly unknown: Set<string> },
  ): boolean {
    const cursorRow = this.#statements.cursor.get(inbox.id);
    if (cursorRow === undefined) return false;
    const start = text<EventId>(cursorRow, 'cursor_event_id');
    const wantsAll = inbox.eventTypes.length === 0 && request.eventTypes.length === 0;
    let cursor = start;
    let more = true;
    for (let scanned = 0; more && !step.isFull && unknown.size === 0 && scanned < MAX_SCANNED; ) {
      const size = wantsAll ? Math.min(step.remaining, MAX_SCANNED) : CHUNK;
      const rows = this.#statements.events.all(inbox.id, inbox.organizationId, cursor, size);
      const handled = this.#leaseWanted(inbox, request, until, rows, { step, types });
      cursor = text(rows[handled - 1] ?? { event_id: cursor }, 'event_id');
      scanned += handled;
      more = rows.length === size || handled < rows.length;
      // All types of this chunk are matched together.
      if (!step.isFull) for (const type of unknownIn(rows.slice(handled), types)) unknown.add(type);
    }
    if (cursor !== start) this.#statements.moveCursor.run(inbox.id, cursor);
    return more;
  }

  /** @returns the number of events handled: stops when the step is full, and before an unmatched type */
  #leaseWanted(
    inbox: Inbox,
    request: LeaseRequest,
    until: Timestamp,
    rows: readonly Row[],
    { step, types }: { readonly step: Step; readonly types: LeaseTypes },
  ): number {
    for (const [at, row] of rows.entries()) {
      if (step.isFull) return at;
      if (row['status'] !== null) continue;
      const type = text(row, 'event_type');
      const kind = types.kindOf(type);
      if (kind === undefined) return at;
      if (kind === 'wanted') step.add(this.#lease(inbox, row, 1, request, until));
      else if (kind === 'passed') this.#statements.addAvailable.run(inbox.id, text(row, 'event_id'), type);
    }
    return rows.length;
  }

  /** A message whose event no longer exists is leased, so that it is skipped later, and not returned. */
  #lease(
    inbox: Inbox,
    row: Row,
    leaseCount: number,
    request: LeaseRequest,
    until: Timestamp,
  ): InboxMessage | undefined {
    const id = text<EventId>(row, 'event_id');
    this.#statements.lease.run(inbox.id, id, text(row, 'event_type'), request.leaseId, until);
    const event = this.#event(inbox, id);
    return event === undefined ? undefined : { event, status: 'leased', leaseCount };
  }

  #event(inbox: Inbox, id: EventId): AcceptedEvent | undefined {
    const row = this.#statements.event.get(inbox.organizationId, id);
    return row === undefined ? undefined : eventFromRow(row);
  }
}

function unknownIn(rows: readonly Row[], types: LeaseTypes): string[] {
  return rows.map((row) => text<string>(row, 'event_type')).filter((type) => types.kindOf(type) === undefined);
}

function prepare(writer: Connection) {
  return {
    available: writer.prepare('available-messages'),
    availableById: writer.prepare('available-message'),
    cursor: writer.prepare('inbox-cursor'),
    moveCursor: writer.prepare('move-inbox-cursor'),
    events: writer.prepare('events-with-state'),
    event: writer.prepare('get-event'),
    lease: writer.prepare('lease-message'),
    quarantine: writer.prepare('quarantine-message'),
    addAvailable: writer.prepare('add-available-message'),
  };
}
