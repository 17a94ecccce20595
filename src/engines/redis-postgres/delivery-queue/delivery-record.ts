import type { AcceptedEvent } from '../../../core/events/event.ts';
import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../../../core/ids.ts';
import { addMs, type Timestamp } from '../../../core/time.ts';
import type { ClaimedDelivery, ReleasedDelivery, Settlement } from '../../../ports/record/delivery-queue.ts';
import { dueAtOf } from '../../rows/delivery-row.ts';
import { eventFromRow } from '../../rows/event-row.ts';
import { number, numberOrNull, type Row, text, textOrNull } from '../../rows/row.ts';
import { type Database, HIGHEST_ID, LOWEST_ID, lowestIdAt } from '../database/index.ts';

/** Another process is changing the delivery: retry after this. */
const BUSY_PAUSE_MS = 1_000;

/** The record's answer to a claim. */
export type LeaseAnswer =
  | { readonly kind: 'leased'; readonly delivery: ClaimedDelivery }
  /** Not now: due, or free again, at this time. */
  | { readonly kind: 'later'; readonly at: Timestamp }
  /** The delivery is final, or does not exist. */
  | { readonly kind: 'gone' };

export interface WantedDelivery {
  readonly deliveryId: DeliveryId;
  readonly leasedUntil: Timestamp;
}

/** A delivery's state after an attempt. */
export interface Settled {
  readonly endpointId: EndpointId;
  readonly orderingGroup: string | null;
  /** Null when final. */
  readonly dueAt: Timestamp | null;
}

export interface EndedOrphan {
  readonly deliveryId: DeliveryId;
  readonly endpointId: EndpointId;
  readonly orderingGroup: string | null;
}

export interface MarkedEvent {
  readonly organizationId: OrganizationId;
  readonly dedupId: string;
  readonly eventId: EventId;
  readonly createdAt: Timestamp;
}

export interface WaitingDelivery {
  readonly deliveryId: DeliveryId;
  readonly endpointId: EndpointId;
  /** When it is due (0 = at once) or its lease ends; null while it waits in its ordering group. */
  readonly at: Timestamp | null;
}

/** Deliveries in PostgreSQL: state, attempts and leases. Each method is one round trip, however many deliveries it gets. */
export class DeliveryRecord {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Leases deliveries. Answers in order. */
  async lease(wanted: readonly WantedDelivery[], now: Timestamp): Promise<readonly LeaseAnswer[]> {
    const ids = wanted.map(({ deliveryId }) => deliveryId);
    const until = wanted.map(({ leasedUntil }) => leasedUntil);
    const rows = await this.#write('lease-deliveries', [ids, until, now, ...bounds(ids)]);
    const byId = new Map(rows.map((row) => [text<DeliveryId>(row, 'delivery_id'), row]));
    const answered = new Set<DeliveryId>();
    // An event of many endpoints is held in memory once, and so is its body.
    const events = new Map<string, AcceptedEvent>();
    return wanted.map(({ deliveryId, leasedUntil }) => {
      // A delivery requested twice is leased once.
      if (answered.has(deliveryId)) return { kind: 'later', at: leasedUntil };
      answered.add(deliveryId);
      return answerFromRow(byId.get(deliveryId), now, events);
    });
  }

  /** Settles attempts, in order; undefined for a stale one. Of two settlements of one attempt the first counts. */
  async settle(settlements: readonly Settlement[], now: Timestamp): Promise<readonly (Settled | undefined)[]> {
    const each = eachOnce(settlements);
    const rows = await this.#write('settle-deliveries', [
      each.map(({ deliveryId }) => deliveryId),
      each.map(({ attemptNumber }) => attemptNumber),
      each.map(({ next }) => next.status),
      each.map(({ next }) => (next.status === 'retrying' ? next.dueAt : null)),
      each.map(({ attempt }) => attempt.startedAt),
      each.map(({ attempt }) => attempt.durationMs),
      each.map(({ attempt }) => attempt.statusCode),
      each.map(({ attempt }) => attempt.error),
      each.map(({ attempt }) => storable(attempt.responseExcerpt)),
      now,
      ...bounds(each.map(({ deliveryId }) => deliveryId)),
      each.map(({ attempt }) => storable(attempt.errorDetail)),
    ]);
    const settled = new Map(
      rows.map((row) => [attemptKey(text(row, 'id'), number(row, 'number')), settledFromRow(row)]),
    );
    return settlements.map(({ deliveryId, attemptNumber }) => {
      const key = attemptKey(deliveryId, attemptNumber);
      const found = settled.get(key);
      settled.delete(key);
      return found;
    });
  }

  /** Ends deliveries whose event no longer exists. @returns the ended ones, whose ordering groups must advance */
  async endOrphans(ids: readonly DeliveryId[], now: Timestamp): Promise<readonly EndedOrphan[]> {
    const rows = await this.#write('end-orphans', [ids, now, ...bounds(ids)]);
    return rows.map((row) => ({
      deliveryId: text(row, 'id'),
      endpointId: text(row, 'endpoint_id'),
      orderingGroup: textOrNull(row, 'order_group'),
    }));
  }

  /** Releases claims. @returns their endpoints, in order; undefined for those that had lost their lease */
  async release(
    released: readonly ReleasedDelivery[],
    now: Timestamp,
  ): Promise<readonly ({ readonly endpointId: EndpointId } | undefined)[]> {
    const each = eachOnce(released);
    const rows = await this.#write('release-deliveries', [
      each.map(({ deliveryId }) => deliveryId),
      each.map(({ attemptNumber }) => attemptNumber),
      each.map(({ dueAt }) => dueAt),
      now,
      ...bounds(each.map(({ deliveryId }) => deliveryId)),
    ]);
    const endpoints = new Map(
      rows.map((row) => [attemptKey(text(row, 'id'), number(row, 'number')), text<EndpointId>(row, 'endpoint_id')]),
    );
    return released.map(({ deliveryId, attemptNumber }) => {
      const key = attemptKey(deliveryId, attemptNumber);
      const endpointId = endpoints.get(key);
      endpoints.delete(key);
      return endpointId === undefined ? undefined : { endpointId };
    });
  }

  /** One step over all unfinished deliveries, in id order. */
  async waitingStep(args: {
    readonly after: DeliveryId | null;
    readonly limit: number;
  }): Promise<readonly WaitingDelivery[]> {
    const rows = await this.#read('unfinished-deliveries', [args.after ?? LOWEST_ID, args.limit]);
    return rows.map((row) => ({
      deliveryId: text(row, 'id'),
      endpointId: text(row, 'endpoint_id'),
      at: numberOrNull(row, 'at'),
    }));
  }

  /** One step over the events with a dedup id since a time, newest first. */
  async dedupStep(args: {
    readonly after: EventId | null;
    readonly since: Timestamp;
    readonly limit: number;
  }): Promise<readonly MarkedEvent[]> {
    const from = lowestIdAt(args.since);
    const rows = await this.#read('events-with-dedup-id', [args.after ?? HIGHEST_ID, from, args.limit]);
    return rows.map((row) => ({
      organizationId: text(row, 'organization_id'),
      dedupId: text(row, 'dedup_id'),
      eventId: text(row, 'id'),
      createdAt: number(row, 'created_at'),
    }));
  }

  async lastEventId(): Promise<string | null> {
    const [row] = await this.#read('last-event-id', []);
    return row === undefined ? null : text(row, 'id');
  }

  #write(name: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.#database.query(name, parameters, { plannedEachTime: true });
  }

  #read(name: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.#database.query(name, parameters, { idempotent: true });
  }
}

/** The first item of each attempt, sorted by id: all writers lock rows in this order, which prevents deadlocks. */
function eachOnce<Item extends { readonly deliveryId: DeliveryId; readonly attemptNumber: number }>(
  items: readonly Item[],
): Item[] {
  const byAttempt = new Map<string, Item>();
  for (const item of items) {
    const key = attemptKey(item.deliveryId, item.attemptNumber);
    if (!byAttempt.has(key)) byAttempt.set(key, item);
  }
  return [...byAttempt.values()].sort((a, b) => (a.deliveryId < b.deliveryId ? -1 : 1));
}

/** The lowest and highest id, from which the planner finds the days' partitions. */
function bounds(ids: readonly DeliveryId[]): [lowest: string, highest: string] {
  let [lowest, highest]: [string, string] = [HIGHEST_ID, LOWEST_ID];
  for (const id of ids) {
    if (id < lowest) lowest = id;
    if (id > highest) highest = id;
  }
  return [lowest, highest];
}

function attemptKey(deliveryId: DeliveryId, attemptNumber: number): string {
  return `${deliveryId} ${attemptNumber}`;
}

function answerFromRow(row: Row | undefined, now: Timestamp, events: Map<string, AcceptedEvent>): LeaseAnswer {
  if (row === undefined) return { kind: 'gone' };
  if (row['leased'] !== true) {
    const at = numberOrNull<Timestamp>(row, 'at');
    if (at === null) return { kind: 'gone' };
    return { kind: 'later', at: at <= now ? addMs(now, BUSY_PAUSE_MS) : at };
  }
  const eventId = text<string>(row, 'id');
  const event = events.get(eventId) ?? eventFromRow(row);
  events.set(eventId, event);
  return {
    kind: 'leased',
    delivery: {
      id: text(row, 'delivery_id'),
      organizationId: text(row, 'organization_id'),
      endpointId: text(row, 'endpoint_id'),
      event,
      attemptNumber: number(row, 'attempts'),
      failures: number(row, 'failures'),
      origin: textOrNull(row, 'origin'),
      ...dueAtOf(row),
      leasedUntil: number(row, 'leased_until'),
    },
  };
}

function settledFromRow(row: Row): Settled {
  return {
    endpointId: text(row, 'endpoint_id'),
    orderingGroup: textOrNull(row, 'order_group'),
    dueAt: numberOrNull(row, 'due_at'),
  };
}

/** Replaces NUL, which PostgreSQL text cannot hold and a response may contain. */
function storable(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\0', '\u{fffd}').toWellFormed();
}
