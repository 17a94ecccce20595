import type { EventId } from '../../../core/ids.ts';
import { type Timestamp, timestamp } from '../../../core/time.ts';
import { number, text } from '../../rows/row.ts';
import { type Database, type ExpiredDays, LOWEST_ID, lowestIdAt } from '../database/index.ts';

interface RemovalStep {
  readonly removed: number;
  readonly after: string | null;
}

/** Takes old events away: `EventStore.removeStep`. */
export class Retention {
  readonly #database: Database;
  readonly #oldDays: ExpiredDays;

  constructor(parts: { database: Database; oldDays: ExpiredDays }) {
    this.#database = parts.database;
    this.#oldDays = parts.oldDays;
  }

  /**
   * Whole days first, each dropped as one when nothing in it waits; then what inboxes know of events that are gone; then,
   * row by row, what is left of days in which something waits, and the part of the last day that is too old. The cursor is
   * `day:<start>`, `messages` or `row:<id>`.
   */
  async removeStep(args: { before: Timestamp; after: string | null; limit: number }): Promise<RemovalStep> {
    const { before, after, limit } = args;
    if (after === null || after.startsWith('day:')) {
      const last = after === null ? null : timestamp(Number(after.slice('day:'.length)));
      const day = await this.#oldDays.next(last, before);
      if (day !== null) return { removed: await this.#oldDays.drop(day), after: `day:${day}` };
    }
    if (!after?.startsWith('row:') && !(await this.#oldDays.removeMessages())) return { removed: 0, after: 'messages' };
    return this.#removeRows(after?.startsWith('row:') ? after.slice('row:'.length) : LOWEST_ID, before, limit);
  }

  async #removeRows(place: string, before: Timestamp, limit: number): Promise<RemovalStep> {
    const rows = await this.#database.query('old-events', [place, lowestIdAt(before), limit], { idempotent: true });
    const done = rows.filter((row) => row['waits'] === false);
    const ids = [done.map((row) => text<EventId>(row, 'id')), done.flatMap((row) => row['delivery_ids'])];
    const [removal] =
      done.length === 0 ? [] : await this.#database.query('remove-events', ids, { plannedEachTime: true });
    const last = rows.length < limit ? undefined : rows.at(-1);
    return {
      removed: removal === undefined ? 0 : number(removal, 'removed'),
      after: last === undefined ? null : `row:${text(last, 'id')}`,
    };
  }
}
