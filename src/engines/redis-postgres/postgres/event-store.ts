import type { AcceptedEvent } from '../../../core/event.ts';
import { type EventId, isUuid, type OrganizationId } from '../../../core/ids.ts';
import { addMs, type Milliseconds, type Timestamp } from '../../../core/time.ts';
import type { EventStore } from '../../../ports/store/event-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import type { Database } from './database.ts';
import { eventFromRow } from './event-row.ts';
import { idRange, LOWEST_ID, lowestIdAt } from './id-range.ts';
import type { OldDays } from './old-days.ts';
import { number, text } from './row.ts';

const DAY_MS: Milliseconds = 86_400_000;

interface RemovalStep {
  readonly removed: number;
  readonly after: string | null;
}

export class PostgresEventStore implements EventStore {
  readonly #database: Database;
  readonly #oldDays: OldDays;

  constructor(parts: { database: Database; oldDays: OldDays }) {
    this.#database = parts.database;
    this.#oldDays = parts.oldDays;
  }

  async get(organizationId: OrganizationId, id: EventId): Promise<AcceptedEvent | undefined> {
    if (!isUuid(id)) return undefined;
    const [row] = await this.#database.query('get-event', [organizationId, id], { idempotent: true });
    return row === undefined ? undefined : eventFromRow(row);
  }

  async list(organizationId: OrganizationId, query: PageRequest & { readonly type: string | null }) {
    const { from, before } = idRange(query);
    const { type, limit } = query;
    const [name, parameters] =
      type === null
        ? ['list-events', [organizationId, from, before, limit]]
        : ['list-events-of-type', [organizationId, type, from, before, limit]];
    return (await this.#database.query(String(name), parameters as unknown[], { idempotent: true })).map(eventFromRow);
  }

  /**
   * Whole days first, each dropped as one when nothing in it waits; then, row by row, what is left of days in which
   * something waits, and the part of the last day that is too old. The cursor is `day:…` or `row:…`.
   */
  async removeStep(args: { before: Timestamp; after: string | null; limit: number }): Promise<RemovalStep> {
    const { before, after, limit } = args;
    if (after === null || after.startsWith('day:')) {
      const lastDay = after === null ? -1 : Number(after.slice('day:'.length));
      const day = await this.#oldDays.next(lastDay, addMs(before, -DAY_MS));
      if (day !== null) {
        const { done, removed } = await this.#oldDays.remove(day);
        return { removed, after: `day:${done ? day : lastDay}` };
      }
    }
    const place = after?.startsWith('row:') ? after.slice('row:'.length) : LOWEST_ID;
    return this.#removeRows(place, before, limit);
  }

  async #removeRows(place: string, before: Timestamp, limit: number): Promise<RemovalStep> {
    const rows = await this.#database.query('old-events', [place, lowestIdAt(before), limit]);
    const ids = rows.filter((row) => row['waits'] === false).map((row) => text<EventId>(row, 'id'));
    const [removal] = ids.length === 0 ? [] : await this.#database.query('remove-events', [ids]);
    const last = rows.length < limit ? undefined : rows.at(-1);
    return {
      removed: removal === undefined ? 0 : number(removal, 'removed'),
      after: last === undefined ? null : `row:${text(last, 'id')}`,
    };
  }
}
