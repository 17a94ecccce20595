import type { Inbox } from '../../../core/administration/inbox.ts';
import type { EventId, LeaseId } from '../../../core/ids.ts';
import { addMs, type Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { LeaseSelection, QuarantinedMessages } from '../../../ports/store/inbox-store.ts';
import { number, type Row, text } from '../../rows/row.ts';
import type { Database } from '../database/index.ts';
import { canBeId, texts } from './inbox-rows.ts';

export interface AckSelection {
  readonly eventIds: readonly EventId[] | null;
  readonly leaseId: LeaseId | null;
}

/** Operations of consumers on leased messages, one statement each. */
export class LeasedMessages {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #onQuarantined: (messages: QuarantinedMessages) => void;

  constructor(parts: { database: Database; clock: Clock; onQuarantined: (messages: QuarantinedMessages) => void }) {
    this.#onQuarantined = parts.onQuarantined;
    this.#database = parts.database;
    this.#clock = parts.clock;
  }

  async ack(inbox: Inbox, { eventIds, leaseId }: AckSelection) {
    if (eventIds === null) return this.#ackLease(inbox, leaseId);
    const wanted = [...new Set(eventIds)];
    const ids = wanted.filter(canBeId);
    // An invalid lease id holds nothing; any other id stands for it.
    const lease = leaseId === null || canBeId(leaseId) ? leaseId : inbox.id;
    const [row] = await this.#database.query(
      'ack-messages',
      [inbox.id, inbox.organizationId, ids, lease, this.#clock.now()],
      { idempotent: true },
    );
    if (row === undefined) throw new Error('ack-messages did not return a row');
    const unknown = new Set([...texts<EventId>(row, 'not_found'), ...wanted.filter((id) => !canBeId(id))]);
    const lost = new Set(texts<EventId>(row, 'stale'));
    return {
      acknowledged: number<number>(row, 'acknowledged'),
      notFound: wanted.filter((id) => unknown.has(id)),
      stale: wanted.filter((id) => lost.has(id)),
    };
  }

  async leasedEvents(inbox: Inbox, leaseId: LeaseId): Promise<readonly EventId[]> {
    if (!canBeId(leaseId)) return [];
    const parameters = [inbox.id, leaseId, this.#clock.now()];
    return [...idsOf(await this.#database.query('held-messages', parameters, { idempotent: true }))];
  }

  async release(inbox: Inbox, { leaseId, eventIds, delayMs }: LeaseSelection & { readonly delayMs: Milliseconds }) {
    const now = this.#clock.now();
    const from = delayMs > 0 ? addMs(now, delayMs) : null;
    const ids = eventIds?.filter(canBeId) ?? null;
    const released = await this.#changeHeld('release-messages', inbox, leaseId, [now, ids, from, inbox.maxLeases]);
    const quarantined = released.filter((row) => row['quarantined'] === true);
    if (quarantined.length > 0) {
      const events = quarantined.map((row) => ({ id: text<EventId>(row, 'id'), type: text(row, 'type') }));
      this.#onQuarantined({ inbox, events });
    }
    return { released: released.length, stale: without(eventIds, idsOf(released)) };
  }

  /** Planned each time: a plan cached while the table was empty would scan all of it for each id. */
  async undoLease(inbox: Inbox, leaseId: LeaseId, eventIds: readonly EventId[]): Promise<void> {
    await this.#database.query('undo-lease', [inbox.id, eventIds, leaseId], { plannedEachTime: true });
  }

  async extend(inbox: Inbox, { leaseId, eventIds, leaseMs }: LeaseSelection & { readonly leaseMs: Milliseconds }) {
    const now = this.#clock.now();
    const ids = eventIds?.filter(canBeId) ?? null;
    const extended = await this.#changeHeld('extend-messages', inbox, leaseId, [now, ids, addMs(now, leaseMs)]);
    return { extended: extended.length, stale: without(eventIds, idsOf(extended)) };
  }

  async requeue(inbox: Inbox, eventIds: readonly EventId[]) {
    const ids = eventIds.filter(canBeId);
    const rows = await this.#database.query('requeue-messages', [inbox.id, ids, this.#clock.now(), inbox.maxLeases]);
    return { requeued: rows.length, notFound: without(eventIds, idsOf(rows)) };
  }

  async #ackLease(inbox: Inbox, leaseId: LeaseId | null) {
    const nothing = { acknowledged: 0, notFound: [], stale: [] };
    if (leaseId === null || !canBeId(leaseId)) return nothing;
    const [row] = await this.#database.query('ack-lease', [inbox.id, leaseId, this.#clock.now()]);
    return row === undefined ? nothing : { ...nothing, acknowledged: number<number>(row, 'acknowledged') };
  }

  async #changeHeld(name: string, inbox: Inbox, leaseId: LeaseId, rest: readonly unknown[]) {
    return canBeId(leaseId) ? this.#database.query(name, [inbox.id, leaseId, ...rest]) : [];
  }
}

function idsOf(rows: readonly Row[]): Set<EventId> {
  return new Set(rows.map((row) => text<EventId>(row, 'id')));
}

function without(wanted: readonly EventId[] | null, found: ReadonlySet<EventId>): EventId[] {
  return [...new Set(wanted)].filter((id) => !found.has(id));
}
