import type { AcceptedEvent } from '../../../core/events/event.ts';
import type { EventId, OrganizationId } from '../../../core/ids.ts';
import { MAX_PAGE_BYTES } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { EventQuery, EventStore } from '../../../ports/store/event-store.ts';
import { eventPage } from '../../rows/event-page.ts';
import { eventFromRow } from '../../rows/event-row.ts';
import { number, text } from '../../rows/row.ts';
import { type Connection, idRange, type ReadConnection } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';
import { EventRemoval } from './remove-event.ts';

const STEP_BUDGET_MS = 8;

export class SqliteEventStore implements EventStore {
  readonly #queue: WriteQueue;
  readonly #reader: ReadConnection;
  readonly #clock: Clock;
  readonly #removal: EventRemoval;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; reader: ReadConnection; queue: WriteQueue; clock: Clock }) {
    this.#queue = args.queue;
    this.#reader = args.reader;
    this.#clock = args.clock;
    this.#removal = new EventRemoval(args.writer);
    this.#statements = prepare(args.writer, args.reader);
  }

  get(organizationId: OrganizationId, id: EventId): Promise<AcceptedEvent | undefined> {
    return this.#reader.read(() => {
      const row = this.#statements.get.get(organizationId, id);
      return row === undefined ? undefined : eventFromRow(row);
    });
  }

  list(organizationId: OrganizationId, query: EventQuery) {
    const { from, before } = idRange(query);
    const { list, listOfType } = this.#statements;
    return this.#reader.read(() =>
      eventPage(
        query.type === null
          ? list.iterate(organizationId, from, before, query.limit)
          : listOfType.iterate(organizationId, query.type, from, before, query.limit),
        query.maxBytes ?? MAX_PAGE_BYTES,
      ),
    );
  }

  after(
    organizationId: OrganizationId,
    id: EventId,
    limit: number,
    maxBytes = MAX_PAGE_BYTES,
  ): Promise<AcceptedEvent[]> {
    return this.#reader.read(() => eventPage(this.#statements.after.iterate(organizationId, id, limit), maxBytes));
  }

  types(organizationId: OrganizationId, page: { after: string; limit: number; countUpTo: number }) {
    return this.#reader.read(() =>
      this.#statements.types.all(organizationId, page.after, page.limit, page.countUpTo).map((row) => ({
        type: text<string>(row, 'type'),
        lastId: text<EventId>(row, 'last_id'),
        events: number<number>(row, 'events'),
      })),
    );
  }

  /**
   * Walks events in the order in which they were written; the cursor is a place in it. Ends early when it has kept the
   * loop long enough: one event may have thousands of deliveries.
   */
  removeStep({ before, after, limit }: { before: Timestamp; after: string | null; limit: number }) {
    return this.#queue.submit((effects) => {
      const started = this.#clock.monotonicMs();
      this.#statements.removeMarks.run(this.#clock.now(), limit);
      const events = this.#statements.oldest.all(after === null ? 0 : Number(after), limit);
      let removed = 0;
      let old = 0;
      for (const event of events) {
        if (number(event, 'created_at') < before) old++;
        if (number(event, 'created_at') < before && number(event, 'waits') === 0) {
          const organizationId = text<string>(event, 'organization_id');
          this.#removal.remove({ organizationId, id: text(event, 'id'), seq: number(event, 'seq') }, effects);
          removed++;
        }
        const late = this.#clock.monotonicMs() - started > STEP_BUDGET_MS;
        if (late && event !== events.at(-1)) return { removed, after: String(event['seq']) };
      }
      // Commits follow the time but for moments: when a whole step is too young, so is the rest.
      const last = old === 0 || events.length < limit ? undefined : events.at(-1);
      return { removed, after: last === undefined ? null : String(last['seq']) };
    });
  }
}

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    removeMarks: writer.prepare('remove-dedup-marks'),
    oldest: writer.prepare('oldest-events'),
    get: reader.prepare('get-event'),
    after: reader.prepare('events-after'),
    types: reader.prepare('event-types'),
    list: reader.prepare('list-events'),
    listOfType: reader.prepare('list-events-of-type'),
  };
}
