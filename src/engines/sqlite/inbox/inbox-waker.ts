import type { Inbox } from '../../../core/administration/inbox.ts';
import type { EventId } from '../../../core/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import { text } from '../../rows/row.ts';
import type { Connection, ReadConnection, Statement } from '../database/index.ts';
import type { WriteEffects, WriteQueue } from '../write-queue/index.ts';

/** Messages woken per step; a few ms. */
const MAX_WOKEN = 500;

/**
 * Makes messages with expired leases or delays available or quarantined. Expired ones keep their row until a reader of
 * the inbox wakes them first, so that all other code goes by the status alone. Each message is woken once.
 */
export class InboxWaker {
  readonly #clock: Clock;
  readonly #queue: WriteQueue;
  readonly #reader: ReadConnection;
  readonly #hasDue: Statement;
  readonly #wake: Statement;

  constructor(parts: { writer: Connection; reader: ReadConnection; queue: WriteQueue; clock: Clock }) {
    this.#clock = parts.clock;
    this.#queue = parts.queue;
    this.#reader = parts.reader;
    this.#hasDue = parts.reader.prepare('has-due-message');
    this.#wake = parts.writer.prepare('wake-messages');
  }

  /** One bounded step within a transaction. @returns whether more may have expired */
  wakeSome(inbox: Inbox, effects: WriteEffects): boolean {
    const woken = this.#wake.all(inbox.id, this.#clock.now(), inbox.maxLeases, MAX_WOKEN);
    const events = woken
      .filter((row) => row['status'] === 'quarantined')
      .map((row) => ({ id: text<EventId>(row, 'event_id'), type: text(row, 'event_type') }));
    if (events.length > 0) effects.quarantined.push({ inbox, events });
    return woken.length === MAX_WOKEN;
  }

  /** Wakes everything that has expired by now, in bounded steps. Writes nothing when there is none. */
  async wakeAll(inbox: Inbox): Promise<void> {
    const due = await this.#reader.read(() => this.#hasDue.get(inbox.id, this.#clock.now()));
    let more = due !== undefined;
    while (more) more = await this.#queue.submitLong(inbox.organizationId, (effects) => this.wakeSome(inbox, effects));
  }
}
