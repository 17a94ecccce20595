import { wantsEventType } from '../../../core/events/event-type.ts';
import type { EventId, InboxId } from '../../../core/ids.ts';
import { type Row, text } from '../../rows/row.ts';
import type { Connection } from '../database/index.ts';

/**
 * Types looked at for one pattern, a probe each: about 10 ms. An organization that uses more types at once than this
 * and leases by a pattern whose beginning is open gets to the later ones when the earlier ones are gone.
 */
const MAX_TYPES = 2_000;
/** Above everything an event type may consist of. */
const AFTER_ALL_TYPES = '\u007f';

/** Messages that were released, passed over or requeued. */
export class AvailableMessages {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(writer: Connection) {
    this.#statements = prepare(writer);
  }

  /** @param eventTypes patterns; empty = all */
  oldest(inboxId: InboxId, eventTypes: readonly string[], limit: number): Row[] {
    if (eventTypes.length === 0) return this.#statements.all.all(inboxId, limit);
    return this.#merge(inboxId, [...this.#typesThatMatch(inboxId, eventTypes)], limit);
  }

  #typesThatMatch(inboxId: InboxId, patterns: readonly string[]): Set<string> {
    const types = new Set<string>();
    for (const pattern of patterns) {
      const wildcardAt = pattern.indexOf('*');
      if (wildcardAt === -1) {
        types.add(pattern);
        continue;
      }
      // Without its last dot: `order.**` wants `order` too.
      const prefix = pattern.slice(0, Math.max(0, wildcardAt - 1));
      for (const row of this.#statements.types.all(inboxId, prefix, prefix + AFTER_ALL_TYPES, MAX_TYPES)) {
        const type = text(row, 'event_type');
        if (wantsEventType([pattern], type)) types.add(type);
      }
    }
    return types;
  }

  /** The oldest over all types, reading about twice as much as is wanted and no more, however many types there are. */
  #merge(inboxId: InboxId, types: readonly string[], limit: number): Row[] {
    const size = Math.ceil(limit / Math.max(1, types.length)) + 1;
    const pages = types.map((type) => ({ type, rows: this.#page(inboxId, type, '', size), at: 0 }));
    const merged: Row[] = [];
    while (merged.length < limit) {
      let oldest: { page: (typeof pages)[number]; row: Row } | undefined;
      for (const page of pages) {
        const row = page.rows[page.at];
        if (row !== undefined && (oldest === undefined || idOf(row) < idOf(oldest.row))) oldest = { page, row };
      }
      if (oldest === undefined) break;
      const { page, row } = oldest;
      merged.push(row);
      page.at++;
      if (page.at === page.rows.length && page.rows.length === size) {
        page.rows = this.#page(inboxId, page.type, idOf(row), size);
        page.at = 0;
      }
    }
    return merged;
  }

  #page(inboxId: InboxId, type: string, after: string, limit: number): Row[] {
    return this.#statements.ofType.all(inboxId, type, after, limit);
  }
}

function idOf(row: Row): EventId {
  return text(row, 'event_id');
}

function prepare(writer: Connection) {
  return {
    all: writer.prepare('available-messages'),
    types: writer.prepare('available-types'),
    ofType: writer.prepare('available-messages-of-type'),
  };
}
