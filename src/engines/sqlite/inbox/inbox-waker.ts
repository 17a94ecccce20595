import type { Inbox } from '../../../core/administration/inbox.ts';
import type { EventId } from '../../../core/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import { text } from '../../rows/row.ts';
import type { Connection, ReadConnection, Statement } from '../database/index.ts';
import type { WriteEffects, WriteQueue } from '../write-queue/index.ts';

/** Woken at once; a few ms. */
const MAX_WOKEN = 500;

/**
 * Leases and delays that ran out still stand in their rows. Whoever needs to know what is available wakes them first, so
 * that everything else can go by the status alone. Each is woken once, whoever does it.
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

  /** One bounded step within a transaction. @returns whether there may be more */
  wakeSome(inbox: Inbox, effects: WriteEffects): boolean {
    const woken = this.#wake.all(inbox.id, this.#clock.now(), inbox.maxLeases, MAX_WOKEN);
    const events = woken
      .filter((row) => row['status'] === 'quarantined')
      .map((row) => ({ id: text<EventId>(row, 'event_id'), type: text(row, 'event_type') }));
    if (events.length > 0) effects.quarantined.push({ inbox, events });
    return woken.length === MAX_WOKEN;
  }

  /** All that have run out by now, in bounded steps. Writes nothing when there are none. */
  async wakeAll(inbox: Inbox): Promise<void> {
    const due = await this.#reader.read(() => this.#hasDue.get(inbox.id, this.#clock.now()));
    let more = due !== undefined;
    while (more) more = await this.#queue.submitLong(inbox.organizationId, (effects) => this.wakeSome(inbox, effects));
  }
}
