import type { Inbox } from '../../../core/administration/inbox.ts';
import type { EventId, InboxId, LeaseId } from '../../../core/ids.ts';
import { addMs, type Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { LeaseSelection, QuarantinedMessages } from '../../../ports/store/inbox-store.ts';
import { number, type Row, text } from '../../rows/row.ts';
import type { Connection } from '../database/index.ts';

/** Of what a lease holds, acknowledged or released in one write: 1 to 2 ms. */
export const MAX_ENDED = 200;
/** As SQLite has it. A lease holds a thousand messages at most. */
const NO_LIMIT = -1;

export interface AckSelection {
  readonly eventIds: readonly EventId[] | null;
  readonly leaseId: LeaseId | null;
}

/** Operations of consumers on leased messages, each within a transaction. */
export class LeasedMessages {
  readonly #clock: Clock;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(parts: { writer: Connection; clock: Clock }) {
    this.#clock = parts.clock;
    this.#statements = prepare(parts.writer);
  }

  /** Acknowledges some of all that a lease holds, `MAX_ENDED` at most. @returns how many */
  ackSome(inbox: Inbox, leaseId: LeaseId): number {
    const { held } = this.#select(inbox.id, { leaseId, eventIds: null }, MAX_ENDED);
    if (held.length > 0) this.#statements.ack.run(inbox.id, inbox.organizationId, idsOf(held));
    return held.length;
  }

  ack(inbox: Inbox, eventIds: readonly EventId[], leaseId: LeaseId | null) {
    const now = this.#clock.now();
    const rows = this.#statements.byId.all(inbox.id, inbox.organizationId, JSON.stringify([...new Set(eventIds)]));
    const toAck: EventId[] = [];
    const notFound: EventId[] = [];
    const stale: EventId[] = [];
    let acknowledged = 0;
    for (const row of rows) {
      const id = text<EventId>(row, 'event_id');
      if (row['event_type'] === null) notFound.push(id);
      else if (row['status'] === 'acked') acknowledged++;
      else if (leaseId === null || isHeldBy(row, leaseId, now)) toAck.push(id);
      else stale.push(id);
    }
    if (toAck.length > 0) this.#statements.ack.run(inbox.id, inbox.organizationId, JSON.stringify(toAck));
    return { acknowledged: acknowledged + toAck.length, notFound, stale };
  }

  leasedEvents(inbox: Inbox, leaseId: LeaseId): readonly EventId[] {
    return this.#select(inbox.id, { leaseId, eventIds: null }).held.map(({ id }) => id);
  }

  /** Where no ids are given, some of all that the lease holds, `MAX_ENDED` at most. */
  release(
    inbox: Inbox,
    selection: LeaseSelection & { readonly delayMs: Milliseconds },
    quarantined: QuarantinedMessages[],
  ) {
    const { held, stale } = this.#select(inbox.id, selection, selection.eventIds === null ? MAX_ENDED : NO_LIMIT);
    const from = selection.delayMs > 0 ? addMs(this.#clock.now(), selection.delayMs) : null;
    if (held.length > 0) this.#statements.release.run(inbox.id, idsOf(held), from, inbox.maxLeases);
    const events = held.filter(({ leaseCount }) => leaseCount >= inbox.maxLeases);
    if (events.length > 0) quarantined.push({ inbox, events });
    return { released: held.length, stale };
  }

  undoLease(inbox: Inbox, leaseId: LeaseId, eventIds: readonly EventId[]): void {
    this.#statements.unlease.run(inbox.id, JSON.stringify(eventIds), leaseId);
  }

  extend(inbox: Inbox, selection: LeaseSelection & { readonly leaseMs: Milliseconds }) {
    const { held, stale } = this.#select(inbox.id, selection);
    const until = addMs(this.#clock.now(), selection.leaseMs);
    if (held.length > 0) this.#statements.extend.run(inbox.id, idsOf(held), until);
    return { extended: held.length, stale };
  }

  requeue(inbox: Inbox, eventIds: readonly EventId[]) {
    const wanted = new Set(eventIds);
    const rows = this.#statements.requeue.all(inbox.id, JSON.stringify([...wanted]));
    for (const row of rows) wanted.delete(text(row, 'event_id'));
    return { requeued: rows.length, notFound: [...wanted] };
  }

  #select(
    inboxId: InboxId,
    { leaseId, eventIds }: LeaseSelection,
    limit: number = NO_LIMIT,
  ): { held: HeldMessage[]; stale: EventId[] } {
    const rows = this.#statements.ofLease.all(inboxId, leaseId, this.#clock.now(), limit);
    const all = rows.map((row): HeldMessage => {
      return { id: text(row, 'event_id'), type: text(row, 'event_type'), leaseCount: number(row, 'lease_count') };
    });
    if (eventIds === null) return { held: all, stale: [] };
    const stale = new Set(eventIds);
    const held = all.filter(({ id }) => stale.delete(id));
    return { held, stale: [...stale] };
  }
}

interface HeldMessage {
  readonly id: EventId;
  readonly type: string;
  readonly leaseCount: number;
}

/** Ids as a JSON array. */
function idsOf(messages: readonly HeldMessage[]): string {
  return JSON.stringify(messages.map(({ id }) => id));
}

function isHeldBy(row: Row, leaseId: LeaseId, now: number): boolean {
  return row['status'] === 'leased' && row['lease_id'] === leaseId && number(row, 'due_at') > now;
}

function prepare(writer: Connection) {
  return {
    byId: writer.prepare('messages-by-id'),
    ack: writer.prepare('ack-messages'),
    ofLease: writer.prepare('messages-of-lease'),
    release: writer.prepare('release-messages'),
    unlease: writer.prepare('undo-lease'),
    extend: writer.prepare('extend-messages'),
    requeue: writer.prepare('requeue-messages'),
  };
}
