import type { EventId, OrganizationId } from '../../../core/ids.ts';
import { number } from '../../rows/row.ts';
import type { Eraser } from '../../stores/erasure/index.ts';
import type { Connection, ErasedPages } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';
import { EventRemoval } from './remove-event.ts';

/** Removes what is erased, and has its older versions taken out of the log. */
export class SqliteEraser implements Eraser {
  readonly #queue: WriteQueue;
  readonly #erasedPages: ErasedPages;
  readonly #removal: EventRemoval;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; queue: WriteQueue; erasedPages: ErasedPages }) {
    this.#queue = args.queue;
    this.#erasedPages = args.erasedPages;
    this.#removal = new EventRemoval(args.writer);
    this.#statements = prepare(args.writer);
  }

  async removeEvents(organizationId: OrganizationId, ids: readonly EventId[]): Promise<number> {
    const removed = await this.#queue.submit((effects) => {
      let removed = 0;
      for (const id of ids) {
        const row = this.#statements.event.get(organizationId, id);
        if (row === undefined || number(row, 'waits') === 1) continue;
        this.#removal.remove({ organizationId, id, seq: number(row, 'seq') }, effects);
        removed++;
      }
      return removed;
    });
    if (removed > 0) this.#erasedPages.scrubSoon();
    return removed;
  }

  /** Keys, endpoints, inboxes and jobs are bounded; what inboxes knew has gone with the events. */
  async removeOrganization(organizationId: OrganizationId): Promise<void> {
    await this.#queue.submit(() => {
      for (const statement of this.#statements.belongings) statement.run(organizationId);
      this.#statements.organization.run(organizationId);
    });
    this.#erasedPages.scrubSoon();
  }
}

function prepare(writer: Connection) {
  return {
    event: writer.prepare('event-to-remove'),
    // Turns and messages before the endpoints and inboxes that tell whose they are.
    belongings: [
      'remove-turns-of-organization',
      'remove-messages-of-organization',
      'remove-notifications-of-organization',
      'remove-audit-entries-of-organization',
      'remove-idempotent-of-organization',
      'remove-jobs-of-organization',
      'remove-endpoints-of-organization',
      'remove-inboxes-of-organization',
      'remove-api-keys-of-organization',
    ].map((name) => writer.prepare(name)),
    organization: writer.prepare('remove-deleted-organization'),
  };
}
