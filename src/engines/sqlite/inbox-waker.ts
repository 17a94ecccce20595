import type { Inbox } from '../../core/inbox.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Connection, Statement } from './connection.ts';
import type { ReadConnection } from './read-connection.ts';
import type { WriteQueue } from './write-queue.ts';

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
  wakeSome(inbox: Inbox): boolean {
    return this.#wake.run(inbox.id, this.#clock.now(), inbox.maxLeases, MAX_WOKEN).changes === MAX_WOKEN;
  }

  /** All that have run out by now, in bounded steps. Writes nothing when there are none. */
  async wakeAll(inbox: Inbox): Promise<void> {
    const due = await this.#reader.read(() => this.#hasDue.get(inbox.id, this.#clock.now()));
    let more = due !== undefined;
    while (more) more = await this.#queue.submit(() => this.wakeSome(inbox));
  }
}
