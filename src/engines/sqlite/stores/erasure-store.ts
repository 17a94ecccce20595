import type { ErasureRule } from '../../../core/administration/erasure.ts';
import { type EventId, firstIdAt, type OrganizationId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { ErasureStore } from '../../../ports/store/erasure-store.ts';
import { number, numberOrNull, type Row, text } from '../../rows/row.ts';
import type { Connection, ErasedPages, ReadConnection } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';
import { EventRemoval } from './remove-event.ts';

export class SqliteErasureStore implements ErasureStore {
  readonly #queue: WriteQueue;
  readonly #erasedPages: ErasedPages;
  readonly #reader: ReadConnection;
  readonly #removal: EventRemoval;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; reader: ReadConnection; queue: WriteQueue; erasedPages: ErasedPages }) {
    this.#queue = args.queue;
    this.#erasedPages = args.erasedPages;
    this.#reader = args.reader;
    this.#removal = new EventRemoval(args.writer);
    this.#statements = prepare(args.writer, args.reader);
  }

  get(organizationId: OrganizationId): Promise<ErasureRule | undefined> {
    return this.#reader.read(() => {
      const row = this.#statements.get.get(organizationId);
      return row === undefined ? undefined : ruleFromRow(row);
    });
  }

  put(organizationId: OrganizationId, change: Partial<Omit<ErasureRule, 'organizationId'>>): Promise<boolean> {
    return this.#queue.submit(() => {
      const row = this.#statements.getToWrite.get(organizationId);
      if (row === undefined) return false;
      const { retentionMs, erasedBefore, deletedAt } = { ...ruleFromRow(row), ...change };
      this.#statements.put.run(organizationId, retentionMs, erasedBefore, deletedAt);
      return true;
    });
  }

  finish(organizationId: OrganizationId, erasedBefore: Timestamp): Promise<void> {
    return this.#queue.submit(() => {
      this.#statements.finish.run(organizationId, erasedBefore);
    });
  }

  list(after: OrganizationId | null, limit: number): Promise<ErasureRule[]> {
    return this.#reader.read(() => this.#statements.list.all(after ?? '', limit).map(ruleFromRow));
  }

  events(organizationId: OrganizationId, range: { before: Timestamp; after: EventId | null; limit: number }) {
    const { before, after, limit } = range;
    return this.#reader.read(() =>
      this.#statements.events
        .all(organizationId, after ?? '', firstIdAt(before), limit)
        .map((row) => text<EventId>(row, 'id')),
    );
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

function ruleFromRow(row: Row): ErasureRule {
  return {
    organizationId: text(row, 'id'),
    retentionMs: numberOrNull(row, 'retention_ms'),
    erasedBefore: numberOrNull(row, 'erased_before'),
    deletedAt: numberOrNull(row, 'deleted_at'),
  };
}

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    getToWrite: writer.prepare('get-erasure-rule'),
    put: writer.prepare('put-erasure-rule'),
    finish: writer.prepare('finish-erasure'),
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
    get: reader.prepare('get-erasure-rule'),
    list: reader.prepare('erasure-rules'),
    events: reader.prepare('event-ids'),
  };
}
