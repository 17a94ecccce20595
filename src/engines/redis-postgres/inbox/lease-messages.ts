import type { Inbox, InboxMessage, Lease } from '../../../core/administration/inbox.ts';
import type { EventId, InboxId, LeaseId } from '../../../core/ids.ts';
import { MAX_PAGE_BYTES } from '../../../core/limits.ts';
import { dataBytes } from '../../../core/page-bytes.ts';
import { addMs, type Milliseconds, type Timestamp } from '../../../core/time.ts';
import type { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { QuarantinedMessages } from '../../../ports/store/inbox-store.ts';
import { number, type Row, text } from '../../rows/row.ts';
import type { Database } from '../database/index.ts';
import { messageFromRow, quarantinedIn } from './inbox-rows.ts';
import { SerialQueue } from './serial-queue.ts';
import { WantedTypesSearch } from './wanted-types.ts';

export interface LeaseRequest {
  readonly leaseId: LeaseId;
  readonly limit: number;
  readonly leaseMs: Milliseconds;
  readonly eventTypes: readonly string[];
  readonly maxBytes?: number;
}

/** What remains of a lease request. */
interface Room {
  readonly limit: number;
  readonly bytes: number;
}

interface LeaseStep {
  readonly messages: readonly InboxMessage[];
  /** Not everything was scanned. */
  readonly more: boolean;
}

/** Leases available messages in bounded steps; usually in one. */
export class MessageLeaser {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #types: WantedTypesSearch;
  readonly #undoLease: (inbox: Inbox, leaseId: LeaseId, eventIds: readonly EventId[]) => Promise<void>;
  readonly #onQuarantined: (messages: QuarantinedMessages) => void;
  /** Serializes leases per inbox in this process; in the database each waiting one would hold a connection. */
  readonly #serial = new SerialQueue<InboxId>();

  /** @param parts.undoLease makes available again messages that exceed the size of one answer */
  constructor(parts: {
    database: Database;
    clock: Clock;
    matcher: TypeMatcher;
    undoLease: (inbox: Inbox, leaseId: LeaseId, eventIds: readonly EventId[]) => Promise<void>;
    onQuarantined: (messages: QuarantinedMessages) => void;
  }) {
    this.#onQuarantined = parts.onQuarantined;
    this.#undoLease = parts.undoLease;
    this.#database = parts.database;
    this.#clock = parts.clock;
    this.#types = new WantedTypesSearch(parts);
  }

  /** A failing step keeps what earlier steps leased. */
  async lease(inbox: Inbox, request: LeaseRequest): Promise<Lease | undefined> {
    const until = addMs(this.#clock.now(), request.leaseMs);
    const messages: InboxMessage[] = [];
    let bytes = request.maxBytes ?? MAX_PAGE_BYTES;
    for (let more = true; more && messages.length < request.limit && bytes > 0; ) {
      try {
        const room = { limit: request.limit - messages.length, bytes };
        const step = await this.#serial.run(inbox.id, () => this.#step(inbox, request, until, room));
        messages.push(...step.messages);
        bytes -= step.messages.reduce((sum, { event }) => sum + dataBytes(event), 0);
        more = step.more;
      } catch (error) {
        if (messages.length === 0) throw error;
        more = false;
      }
    }
    if (messages.length === 0) return undefined;
    messages.sort((a, b) => (a.event.id < b.event.id ? -1 : 1));
    return { id: request.leaseId, until, messages };
  }

  async #step(inbox: Inbox, request: LeaseRequest, until: Timestamp, room: Room): Promise<LeaseStep> {
    const now = this.#clock.now();
    const types = await this.#types.find(inbox, { eventTypes: request.eventTypes, limit: room.limit, now });
    const rows = await this.#database.query('lease-messages', [
      inbox.id,
      inbox.organizationId,
      request.leaseId,
      now,
      until,
      inbox.maxLeases,
      room.limit,
      types.untouched?.wanted ?? null,
      types.untouched?.passed ?? null,
      types.untouched?.unwanted ?? null,
      types.touched,
    ]);
    const last = rows.at(-1) ?? {};
    const more = last['more'] === true;
    const events = quarantinedIn(last);
    if (events.length > 0) this.#onQuarantined({ inbox, events });
    const kept = await this.#within(room.bytes, inbox, request, rows.slice(0, -1));
    return { messages: await this.#withData(inbox, kept), more };
  }

  /** Keeps rows up to the one that reaches the byte bound, and undoes the lease of the rest. */
  async #within(bytes: number, inbox: Inbox, request: LeaseRequest, rows: readonly Row[]): Promise<readonly Row[]> {
    const large = rows.filter((row) => row['data'] === null).map((row) => text<EventId>(row, 'id'));
    if (large.length === 0) return rows;
    const sizes = new Map<string, number>();
    for (const row of await this.#database.query('event-sizes', [inbox.organizationId, large], { idempotent: true })) {
      sizes.set(text(row, 'id'), number(row, 'bytes'));
    }
    let sum = 0;
    const end = rows.findIndex((row) => {
      sum += row['data'] === null ? (sizes.get(text(row, 'id')) ?? 0) : dataBytes({ data: text(row, 'data') });
      return sum >= bytes;
    });
    const rest = end === -1 ? [] : rows.slice(end + 1).map((row) => text<EventId>(row, 'id'));
    if (rest.length === 0) return rows;
    await this.#undoLease(inbox, request.leaseId, rest);
    return rows.slice(0, end + 1);
  }

  /** Reads large payloads after the lease has released its locks. */
  async #withData(inbox: Inbox, rows: readonly Row[]): Promise<InboxMessage[]> {
    const missing = rows.filter((row) => row['data'] === null).map((row) => text<EventId>(row, 'id'));
    const data = new Map<EventId, Row>();
    if (missing.length > 0) {
      const found = await this.#database.query('event-data', [inbox.organizationId, missing], {
        idempotent: true,
      });
      for (const row of found) data.set(text(row, 'id'), row);
    }
    const messages: InboxMessage[] = [];
    for (const row of rows) {
      const whole = row['data'] === null ? { ...row, data: data.get(text(row, 'id'))?.['data'] } : row;
      // Otherwise retention removed the event meanwhile.
      if (whole['data'] !== undefined) messages.push(messageFromRow(whole, 'leased'));
    }
    return messages;
  }
}
