import type { Inbox } from '../../../core/administration/inbox.ts';
import { type EventId, firstIdAt, idBefore } from '../../../core/ids.ts';
import type { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { QuarantinedMessages, RequeueStep } from '../../../ports/store/inbox-store.ts';
import { number, text } from '../../rows/row.ts';
import { type Database, HIGHEST_ID, LOWEST_ID } from '../database/index.ts';
import { quarantinedIn } from './inbox-rows.ts';

/** Messages woken per step; a few ms. */
const MAX_WOKEN = 500;

/** Requeues quarantined messages in steps. */
export class MessageRequeuer {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #matcher: TypeMatcher;
  readonly #onQuarantined: (messages: QuarantinedMessages) => void;

  constructor(parts: {
    database: Database;
    clock: Clock;
    matcher: TypeMatcher;
    onQuarantined: (messages: QuarantinedMessages) => void;
  }) {
    this.#database = parts.database;
    this.#clock = parts.clock;
    this.#matcher = parts.matcher;
    this.#onQuarantined = parts.onQuarantined;
  }

  async step(inbox: Inbox, { eventTypes, from, to, after, limit }: RequeueStep) {
    if (after === null) await this.#wakeAll(inbox);
    const start = from === null ? LOWEST_ID : idBefore(firstIdAt(from));
    const begin = after !== null && after > start ? after : start;
    const end = to === null ? HIGHEST_ID : firstIdAt(to);
    const range = [inbox.id, inbox.organizationId, begin, end, limit];
    const rows = await this.#database.query('quarantined-messages', range, { idempotent: true });
    const types = rows.map((row) => text<string>(row, 'type'));
    const answers = await this.#matcher.match(inbox.organizationId, eventTypes, types);
    const ids = rows.filter((row) => answers.get(text(row, 'type'))).map((row) => text(row, 'id'));
    const last = rows.length === limit ? rows.at(-1) : undefined;
    const requeued =
      ids.length === 0
        ? 0
        : (await this.#database.query('requeue-messages', [inbox.id, ids, this.#clock.now(), inbox.maxLeases])).length;
    return { requeued, last: last === undefined ? null : text<EventId>(last, 'id') };
  }

  /** Wakes expired messages first, which may become quarantined. In bounded steps; writes nothing when there is none. */
  async #wakeAll(inbox: Inbox): Promise<void> {
    for (let woken = MAX_WOKEN; woken === MAX_WOKEN; ) {
      const parameters = [inbox.id, this.#clock.now(), inbox.maxLeases, MAX_WOKEN];
      const [row = {}] = await this.#database.query('wake-messages', parameters);
      woken = number(row, 'woken');
      const events = quarantinedIn(row);
      if (events.length > 0) this.#onQuarantined({ inbox, events });
    }
  }
}
