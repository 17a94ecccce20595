import type { Inbox } from '../../../core/administration/inbox.ts';
import { type EventId, firstIdAt, idBefore } from '../../../core/ids.ts';
import type { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';
import type { RequeueStep } from '../../../ports/store/inbox-store.ts';
import { text } from '../../rows/row.ts';
import type { ReadConnection, Statement } from '../database/index.ts';

/** Finds quarantined messages to requeue, outside of any transaction. Expired leases must have been woken before. */
export class QuarantinedSearch {
  readonly #reader: ReadConnection;
  readonly #matcher: TypeMatcher;
  readonly #ofStatus: Statement;

  constructor(parts: { reader: ReadConnection; matcher: TypeMatcher }) {
    this.#reader = parts.reader;
    this.#matcher = parts.matcher;
    this.#ofStatus = parts.reader.prepare('messages-of-status');
  }

  /** @returns the matching ones among the next `limit`, and the event after which to continue; null = done */
  async step(inbox: Inbox, { eventTypes, from, to, after, limit }: RequeueStep) {
    const start = from === null ? '' : idBefore(firstIdAt(from));
    const begin = after !== null && after > start ? after : start;
    const rows = await this.#reader.read(() => this.#ofStatus.all(inbox.id, 'quarantined', begin, limit));
    const inRange = rows.filter((row) => to === null || text(row, 'event_id') < firstIdAt(to));
    const types = inRange.map((row) => text<string>(row, 'event_type'));
    const answers = await this.#matcher.match(inbox.organizationId, eventTypes, types);
    const wanted = inRange.filter((row) => answers.get(text(row, 'event_type')));
    const last = inRange.length === limit ? inRange.at(-1) : undefined;
    return {
      ids: wanted.map((row) => text<EventId>(row, 'event_id')),
      last: last === undefined ? null : text<EventId>(last, 'event_id'),
    };
  }
}
