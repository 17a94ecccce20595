import type { Inbox, InboxMessage, InboxStatus } from '../../../core/administration/inbox.ts';
import { type EventId, idBefore } from '../../../core/ids.ts';
import { MAX_PAGE_BYTES, READ_PIECE_BYTES } from '../../../core/limits.ts';
import { dataBytes } from '../../../core/page-bytes.ts';
import type { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';
import type { MessageQuery } from '../../../ports/store/inbox-store.ts';
import { eventFromRow } from '../../rows/event-row.ts';
import { leaseOf } from '../../rows/inbox-row.ts';
import { numberOrNull, type Row, text } from '../../rows/row.ts';
import type { ReadConnection } from '../database/index.ts';
import { yieldToLoop } from '../write-queue/index.ts';

/** Events scanned before yielding to the event loop; a few ms. */
const CHUNK = 500;
/** Messages read with their data at once. */
const PIECE = 100;

/** The messages of a page so far, and the bytes of their data. */
class Found {
  readonly messages: InboxMessage[] = [];
  readonly #limit: number;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(limit: number, maxBytes: number) {
    this.#limit = limit;
    this.#maxBytes = maxBytes;
  }

  get isFull(): boolean {
    return this.messages.length >= this.#limit || this.#bytes >= this.#maxBytes;
  }

  add(message: InboxMessage): void {
    this.messages.push(message);
    this.#bytes += dataBytes(message.event);
  }
}

/** Lists an inbox's messages, oldest first. Expired leases must have been woken before. */
export class MessageList {
  readonly #reader: ReadConnection;
  readonly #matcher: TypeMatcher;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(parts: { reader: ReadConnection; matcher: TypeMatcher }) {
    this.#reader = parts.reader;
    this.#matcher = parts.matcher;
    this.#statements = prepare(parts.reader);
  }

  async list(inbox: Inbox, query: MessageQuery): Promise<InboxMessage[]> {
    const { status, limit, maxBytes = MAX_PAGE_BYTES } = query;
    const after = query.after ?? '';
    const found = new Found(limit, maxBytes);
    if (status === null) {
      await this.#walk(inbox, after, found, 'all');
      return found.messages;
    }
    const rows = await this.#reader.read(() => {
      const ofStatus = this.#statements.ofStatus.all(inbox.id, status, after, limit);
      if (status === 'available') {
        ofStatus.push(...this.#statements.ofStatus.all(inbox.id, 'delayed', after, limit));
        ofStatus.sort((a, b) => (text(a, 'event_id') < text(b, 'event_id') ? -1 : 1));
      }
      return ofStatus;
    });
    await this.#readEvents(inbox, rows, found);
    // Messages with a row are older than those without.
    if (status === 'available' && !found.isFull) await this.#walk(inbox, after, found, 'untouched');
    return found.messages;
  }

  async find(inbox: Inbox, eventId: EventId): Promise<InboxMessage | undefined> {
    const { rows, cursor } = await this.#reader.read(() => ({
      cursor: this.#cursor(inbox),
      rows: this.#statements.events.all(inbox.id, inbox.organizationId, idBefore(eventId), 1),
    }));
    const found = rows.filter((row) => text(row, 'event_id') === eventId);
    const [shown] = await this.#shown(inbox, found, cursor);
    return this.#reader.read(() => this.#message(inbox, shown));
  }

  /** Scans the organization's events: those with a row in this inbox, and untouched ones after its cursor. */
  async #walk(inbox: Inbox, after: string, found: Found, which: 'all' | 'untouched'): Promise<void> {
    let from = after;
    for (let more = true; more && !found.isFull; ) {
      const { rows, cursor } = await this.#reader.read(() => {
        const cursor = this.#cursor(inbox);
        if (which === 'untouched' && from < cursor) from = cursor;
        return { cursor, rows: this.#statements.events.all(inbox.id, inbox.organizationId, from, CHUNK) };
      });
      more = rows.length === CHUNK;
      from = String(rows.at(-1)?.['event_id'] ?? from);
      const ofInterest = which === 'all' ? rows : rows.filter((row) => row['status'] === null);
      const shown = await this.#shown(inbox, ofInterest, cursor);
      await this.#readEvents(inbox, shown, found);
      if (more) await yieldToLoop();
    }
  }

  /** Reads as many as fit, and yields to the event loop between pieces. */
  async #readEvents(inbox: Inbox, rows: readonly Row[], found: Found): Promise<void> {
    let at = 0;
    while (at < rows.length && !found.isFull) {
      const before = at;
      await this.#reader.read(() => {
        const piece = new Found(PIECE, READ_PIECE_BYTES);
        for (; at < rows.length && !found.isFull && !piece.isFull; at++) {
          const message = this.#message(inbox, rows[at]);
          if (message === undefined) continue;
          piece.add(message);
          found.add(message);
        }
      });
      if (at > before && at < rows.length) await yieldToLoop();
    }
  }

  /**
   * Keeps messages with a row regardless of the inbox's current event types, and untouched events after the cursor that
   * the inbox wants.
   */
  async #shown(inbox: Inbox, rows: readonly Row[], cursor: string): Promise<Row[]> {
    const isUntouched = (row: Row) => row['status'] === null && text(row, 'event_id') > cursor;
    const types = rows.filter(isUntouched).map((row) => text<string>(row, 'event_type'));
    const answers = await this.#matcher.match(inbox.organizationId, inbox.eventTypes, types);
    return rows.filter((row) =>
      isUntouched(row) ? answers.get(text(row, 'event_type')) === true : row['status'] !== null,
    );
  }

  #cursor(inbox: Inbox): string {
    const row = this.#statements.cursor.get(inbox.id);
    return row === undefined ? '' : text(row, 'cursor_event_id');
  }

  #message(inbox: Inbox, row: Row | undefined): InboxMessage | undefined {
    if (row === undefined) return undefined;
    const event = this.#statements.event.get(inbox.organizationId, text(row, 'event_id'));
    if (event === undefined) return undefined;
    const leaseCount = numberOrNull(row, 'lease_count') ?? 0;
    const status = shownStatus(row);
    const lease = status === 'leased' ? { lease: leaseOf(row) } : {};
    return { event: eventFromRow(event), status, leaseCount, ...lease };
  }
}

/** Untouched messages and delayed ones are shown as available. */
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
