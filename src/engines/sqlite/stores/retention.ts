import type { Timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import { number, text } from '../../rows/row.ts';
import type { Connection } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';
import { EventRemoval } from './remove-event.ts';

const STEP_BUDGET_MS = 8;

/** Takes old events away: `EventStore.removeStep`. */
export class Retention {
  readonly #queue: WriteQueue;
  readonly #clock: Clock;
  readonly #removal: EventRemoval;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; queue: WriteQueue; clock: Clock }) {
    this.#queue = args.queue;
    this.#clock = args.clock;
    this.#removal = new EventRemoval(args.writer);
    this.#statements = prepare(args.writer);
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

function prepare(writer: Connection) {
  return {
    removeMarks: writer.prepare('remove-dedup-marks'),
    oldest: writer.prepare('oldest-events'),
  };
}
