import type { AcceptedEvent } from '../../../core/events/event.ts';
import { isEventType } from '../../../core/events/event-type.ts';
import type { EventId, OrganizationId } from '../../../core/ids.ts';
import { MAX_PAGE_BYTES } from '../../../core/limits.ts';
import type { EventQuery, EventStore } from '../../../ports/store/event-store.ts';
import { eventFromRow } from '../../rows/event-row.ts';
import { idRange } from '../../rows/id-range.ts';
import { number, type Row, text } from '../../rows/row.ts';
import type { StatementRunner } from '../statements/index.ts';

/** Lists walk each engine's own statements, and retention is its own: rows in the order of commits, or whole days. */
export class SqlEventStore implements EventStore {
  readonly removeStep: EventStore['removeStep'];
  readonly #statements: ReturnType<typeof prepare>;

  constructor(runner: StatementRunner, removeStep: EventStore['removeStep']) {
    this.removeStep = removeStep;
    this.#statements = prepare(runner);
  }

  get(organizationId: OrganizationId, id: EventId): Promise<AcceptedEvent | undefined> {
    return this.#statements.get(organizationId, id);
  }

  list(organizationId: OrganizationId, query: EventQuery): Promise<AcceptedEvent[]> {
    const { from, before } = idRange(query);
    const { type, limit, maxBytes = MAX_PAGE_BYTES } = query;
    const { list, listOfType } = this.#statements;
    if (type === null) return list(maxBytes, organizationId, from, before, limit);
    // No event has it; PostgreSQL refuses a NUL even to compare.
    if (!isEventType(type)) return Promise.resolve([]);
    return listOfType(maxBytes, organizationId, type, from, before, limit);
  }

  after(
    organizationId: OrganizationId,
    id: EventId,
    limit: number,
    maxBytes = MAX_PAGE_BYTES,
  ): Promise<AcceptedEvent[]> {
    return this.#statements.after(maxBytes, organizationId, id, limit);
  }

  types(organizationId: OrganizationId, page: { after: string; limit: number; countUpTo: number }) {
    return this.#statements.types(organizationId, page.after, page.limit, page.countUpTo);
  }
}

function typeFromRow(row: Row) {
  return {
    type: text<string>(row, 'type'),
    lastId: text<EventId>(row, 'last_id'),
    events: number<number>(row, 'events'),
  };
}

function prepare(runner: StatementRunner) {
  return {
    get: runner.one('get-event', eventFromRow, { givenId: 2 }),
    list: runner.page('list-events', eventFromRow),
    // For this type: where another has nearly all events, a plan for any goes through those.
    listOfType: runner.page('list-events-of-type', eventFromRow, { plannedEachTime: true }),
    after: runner.page('events-after', eventFromRow),
    types: runner.all('event-types', typeFromRow),
  };
}
