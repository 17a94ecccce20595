import type { Inbox, InboxMessage, InboxStatus } from '../../../core/administration/inbox.ts';
import { type EventId, idBefore } from '../../../core/ids.ts';
import { MAX_PAGE_BYTES } from '../../../core/limits.ts';
import { dataBytes, fillsPage } from '../../../core/page-bytes.ts';
import type { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { MessageQuery } from '../../../ports/store/inbox-store.ts';
import { type Row, text } from '../../rows/row.ts';
import type { Database } from '../database/index.ts';
import { messageFromRow } from './inbox-rows.ts';

const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000';

/** Lists an inbox's messages, oldest first, without writing. */
export class MessageList {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #matcher: TypeMatcher;

  constructor(parts: { database: Database; clock: Clock; matcher: TypeMatcher }) {
    this.#matcher = parts.matcher;
    this.#database = parts.database;
    this.#clock = parts.clock;
  }

  async find(inbox: Inbox, eventId: EventId): Promise<InboxMessage | undefined> {
    const [row] = await this.#page(inbox, null, { after: idBefore(eventId), limit: 1, maxBytes: 1 });
    if (row === undefined || text(row, 'id') !== eventId) return undefined;
    return (await this.#shown(inbox, [row])).map(messageOf)[0];
  }

  async list(inbox: Inbox, { status, limit, ...query }: MessageQuery): Promise<InboxMessage[]> {
    const messages: InboxMessage[] = [];
    let after: string = query.after ?? BEFORE_ALL_IDS;
    let remainingBytes = query.maxBytes ?? MAX_PAGE_BYTES;
    // Loops only when the inbox does not want everything.
    for (let more = true; more; ) {
      const remaining = limit - messages.length;
      const rows = await this.#page(inbox, status, { after, limit: remaining, maxBytes: remainingBytes });
      const shown = (await this.#shown(inbox, rows)).map(messageOf);
      const isCut = rows.length < remaining && fillsPage(rows.map(dataOf), remainingBytes);
      messages.push(...shown);
      remainingBytes -= shown.reduce((sum, { event }) => sum + dataBytes(event), 0);
      more = (rows.length === remaining || isCut) && shown.length < remaining && remainingBytes > 0;
      after = text(rows.at(-1) ?? { id: after }, 'id');
    }
    return messages;
  }

  /** Keeps messages with a row regardless of the inbox's current event types. */
  async #shown(inbox: Inbox, rows: readonly Row[]): Promise<Row[]> {
    const types = rows.filter((row) => row['touched'] !== true).map((row) => text<string>(row, 'type'));
    const answers = await this.#matcher.match(inbox.organizationId, inbox.eventTypes, types);
    return rows.filter((row) => row['touched'] === true || answers.get(text(row, 'type')));
  }

  #page(
    inbox: Inbox,
    status: InboxStatus | null,
    { after, limit, maxBytes }: { readonly after: string; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly Row[]> {
    const range = [inbox.id, inbox.organizationId, after, limit, this.#clock.now(), inbox.maxLeases];
    return status === null
      ? this.#database.query('list-messages', [...range, maxBytes], { idempotent: true })
      : this.#database.query('list-messages-of-status', [...range, status, maxBytes], { idempotent: true });
  }
}

function dataOf(row: Row): { readonly data: string } {
  return { data: text(row, 'data') };
}

function messageOf(row: Row): InboxMessage {
  return messageFromRow(row, text<InboxStatus>(row, 'status'));
}
