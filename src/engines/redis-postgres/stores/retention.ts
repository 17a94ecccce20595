import type { AcceptedEvent } from '../../../core/events/event.ts';
import { isEventType } from '../../../core/events/event-type.ts';
import { type EventId, isUuid, type OrganizationId } from '../../../core/ids.ts';
import { MAX_PAGE_BYTES } from '../../../core/limits.ts';
import { type Timestamp, timestamp } from '../../../core/time.ts';
import type { EventQuery, EventStore } from '../../../ports/store/event-store.ts';
import { eventFromRow } from '../../rows/event-row.ts';
import { number, type Row, text } from '../../rows/row.ts';
import { type Database, type ExpiredDays, HIGHEST_ID, idRange, LOWEST_ID, lowestIdAt } from '../database/index.ts';

interface RemovalStep {
  readonly removed: number;
  readonly after: string | null;
}

export class PostgresEventStore implements EventStore {
  readonly #database: Database;
  readonly #oldDays: ExpiredDays;

  constructor(parts: { database: Database; oldDays: ExpiredDays }) {
    this.#database = parts.database;
    this.#oldDays = parts.oldDays;
  }

  async get(organizationId: OrganizationId, id: EventId): Promise<AcceptedEvent | undefined> {
    if (!isUuid(id)) return undefined;
    const [row] = await this.#read('get-event', [organizationId, id]);
    return row === undefined ? undefined : eventFromRow(row);
  }

  async list(organizationId: OrganizationId, query: EventQuery): Promise<AcceptedEvent[]> {
    const { from, before } = idRange(query);
    const { type, limit, maxBytes = MAX_PAGE_BYTES } = query;
    // No event has it; PostgreSQL refuses a NUL even to compare.
    if (type !== null && !isEventType(type)) return [];
    if (type === null) {
      return (await this.#read('list-events', [organizationId, from, before, limit, maxBytes])).map(eventFromRow);
    }
    // For this type: where another has nearly all events, a plan for any goes through those.
    const options = { idempotent: true, plannedEachTime: true };
    const parameters = [organizationId, type, from, before, limit, maxBytes];
    return (await this.#database.query('list-events-of-type', parameters, options)).map(eventFromRow);
  }

  async after(
    organizationId: OrganizationId,
    id: EventId,
    limit: number,
    maxBytes = MAX_PAGE_BYTES,
  ): Promise<AcceptedEvent[]> {
    return (await this.#read('events-after', [organizationId, id, limit, HIGHEST_ID, maxBytes])).map(eventFromRow);
  }

  async types(organizationId: OrganizationId, page: { after: string; limit: number; countUpTo: number }) {
    const rows = await this.#read('event-types', [organizationId, page.after, page.limit, page.countUpTo]);
    return rows.map((row) => ({
      type: text<string>(row, 'type'),
      lastId: text<EventId>(row, 'last_id'),
      events: number<number>(row, 'events'),
    }));
  }

  /**
   * Whole days first, each dropped as one when nothing in it waits; then what inboxes know of events that are gone; then,
   * row by row, what is left of days in which something waits, and the part of the last day that is too old. The cursor is
   * `day:<start>`, `messages` or `row:<id>`.
   */
  async removeStep(args: { before: Timestamp; after: string | null; limit: number }): Promise<RemovalStep> {
    const { before, after, limit } = args;
    if (after === null || after.startsWith('day:')) {
      const last = after === null ? null : timestamp(Number(after.slice('day:'.length)));
      const day = await this.#oldDays.next(last, before);
      if (day !== null) return { removed: await this.#oldDays.drop(day), after: `day:${day}` };
    }
    if (!after?.startsWith('row:') && !(await this.#oldDays.removeMessages())) return { removed: 0, after: 'messages' };
    return this.#removeRows(after?.startsWith('row:') ? after.slice('row:'.length) : LOWEST_ID, before, limit);
  }

  async #removeRows(place: string, before: Timestamp, limit: number): Promise<RemovalStep> {
    const rows = await this.#read('old-events', [place, lowestIdAt(before), limit]);
    const done = rows.filter((row) => row['waits'] === false);
    const ids = [done.map((row) => text<EventId>(row, 'id')), done.flatMap((row) => row['delivery_ids'])];
    const [removal] =
      done.length === 0 ? [] : await this.#database.query('remove-events', ids, { plannedEachTime: true });
    const last = rows.length < limit ? undefined : rows.at(-1);
    return {
      removed: removal === undefined ? 0 : number(removal, 'removed'),
      after: last === undefined ? null : `row:${text(last, 'id')}`,
    };
  }

  #read(name: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.#database.query(name, parameters, { idempotent: true });
  }
}
