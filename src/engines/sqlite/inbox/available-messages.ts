import type { Inbox } from '../../../core/administration/inbox.ts';
import type { EventId, InboxId } from '../../../core/ids.ts';
import type { FairTurns } from '../../../core/type-matching/fair-turns.ts';
import type { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';
import { AFTER_ALL_TYPES, AFTER_TYPE, isOpen, typeRanges } from '../../../core/type-matching/type-ranges.ts';
import { type Row, text } from '../../rows/row.ts';
import type { ReadConnection } from '../database/index.ts';

/** Types per piece, with a lookup each for the type and its messages; 1 to 2 ms. */
const TYPES_PER_PIECE = 100;

/**
 * Finds available messages that have a row (released, skipped or requeued) by type patterns. The search runs outside of
 * any transaction, in pieces that are fair between organizations; the lease then takes those that are still available.
 */
export class AvailableMessages {
  readonly #reader: ReadConnection;
  readonly #turns: FairTurns;
  readonly #matcher: TypeMatcher;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(parts: { reader: ReadConnection; turns: FairTurns; matcher: TypeMatcher }) {
    this.#reader = parts.reader;
    this.#turns = parts.turns;
    this.#matcher = parts.matcher;
    this.#statements = prepare(parts.reader);
  }

  /** Returns the oldest messages of all matching types, however many types there are. */
  async oldest(inbox: Inbox, patterns: readonly string[], limit: number): Promise<EventId[]> {
    const ranges = typeRanges(patterns);
    const isInRange = (type: string) => ranges.some((range) => type.startsWith(range));
    const names = [...new Set(patterns)].filter((pattern) => !isOpen(pattern) && !isInRange(pattern));
    let oldest = await this.#reader.read(() => this.#merge(inbox.id, names, [], limit));
    let isFirst = true;
    for (const range of ranges) {
      let from = range;
      for (let more = true; more; ) {
        const types = await this.#inTurn(inbox, isFirst, () => {
          const rows = this.#statements.types.all(inbox.id, from, range + AFTER_ALL_TYPES, TYPES_PER_PIECE);
          return rows.map((row) => text<string>(row, 'event_type'));
        });
        more = types.length === TYPES_PER_PIECE;
        from = `${types.at(-1)}${AFTER_TYPE}`;
        const answers = await this.#matcher.match(inbox.organizationId, patterns, types);
        const wanted = types.filter((type) => answers.get(type));
        const before = oldest;
        if (wanted.length > 0) {
          oldest = await this.#inTurn(inbox, isFirst, () => this.#merge(inbox.id, wanted, before, limit));
        }
        isFirst = false;
      }
    }
    return oldest;
  }

  /** Runs a piece in the organization's turn. The first one, usually the only one, does not wait. */
  #inTurn<Result>(inbox: Inbox, isFirst: boolean, read: () => Result): Promise<Result> {
    if (isFirst) return this.#reader.read(read);
    return this.#turns.run(inbox.organizationId, () => this.#reader.read(read));
  }

  /** Merges the oldest messages found before with those of more types; reads about twice as many of these as needed. */
  #merge(inboxId: InboxId, types: readonly string[], before: readonly EventId[], limit: number): EventId[] {
    const size = Math.ceil(limit / Math.max(1, types.length)) + 1;
    const pages = types.map((type) => ({ type, ids: this.#page(inboxId, type, '', size), at: 0 }));
    const found = { type: null, ids: before, at: 0 };
    const merged: EventId[] = [];
    while (merged.length < limit) {
      let oldest: (typeof pages)[number] | typeof found = found;
      let first = found.ids[found.at];
      for (const page of pages) {
        const id = page.ids[page.at];
        if (id !== undefined && (first === undefined || id < first)) [oldest, first] = [page, id];
      }
      if (first === undefined) break;
      merged.push(first);
      oldest.at++;
      if (oldest.type !== null && oldest.at === oldest.ids.length && oldest.ids.length === size) {
        oldest.ids = this.#page(inboxId, oldest.type, first, size);
        oldest.at = 0;
      }
    }
    return merged;
  }

  #page(inboxId: InboxId, type: string, after: string, limit: number): EventId[] {
    return this.#statements.ofType.all(inboxId, type, after, limit).map((row: Row) => text(row, 'event_id'));
  }
}

function prepare(reader: ReadConnection) {
  return {
    types: reader.prepare('available-types'),
    ofType: reader.prepare('available-messages-of-type'),
  };
}
