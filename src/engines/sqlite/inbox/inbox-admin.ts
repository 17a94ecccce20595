import type { Inbox } from '../../../core/administration/inbox.ts';
import { firstIdAt, type InboxId, type OrganizationId } from '../../../core/ids.ts';
import { MAX_INBOXES_PER_ORGANIZATION } from '../../../core/limits.ts';
import type { InboxChange } from '../../../ports/store/inbox-store.ts';
import { inboxFromRow } from '../../rows/inbox-row.ts';
import { number, text } from '../../rows/row.ts';
import type { Connection, ReadConnection } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';

/** Messages removed per step; a few ms. */
const REMOVE_STEP = 1_000;

/** Creates, changes and removes inboxes. */
export class InboxAdmin {
  readonly #queue: WriteQueue;
  readonly #reader: ReadConnection;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(parts: { writer: Connection; reader: ReadConnection; queue: WriteQueue }) {
    this.#queue = parts.queue;
    this.#reader = parts.reader;
    this.#statements = prepare(parts.writer, parts.reader);
  }

  all(organizationId: OrganizationId): Promise<Inbox[]> {
    return this.#reader.read(() => this.#statements.list.all(organizationId).map(inboxFromRow));
  }

  create(inbox: Inbox): Promise<'created' | 'conflict' | 'full'> {
    return this.#queue.submit(() => {
      const { id, organizationId, name, eventTypes, maxLeases, paused, createdAt } = inbox;
      if (this.#statements.getToWrite.get(organizationId, name) !== undefined) return 'conflict';
      const counted = this.#statements.count.get(organizationId) ?? {};
      if (number(counted, 'inboxes') >= MAX_INBOXES_PER_ORGANIZATION) return 'full';
      const wants = [JSON.stringify(eventTypes), maxLeases, paused ? 1 : 0] as const;
      this.#statements.add.run(id, organizationId, name, ...wants, firstIdAt(createdAt), createdAt);
      return 'created';
    });
  }

  update(organizationId: OrganizationId, name: string, change: InboxChange): Promise<Inbox | undefined> {
    return this.#queue.submit((effects) => {
      const row = this.#statements.getToWrite.get(organizationId, name);
      if (row === undefined) return undefined;
      const after: Inbox = { ...inboxFromRow(row), ...change };
      const { id, eventTypes, maxLeases } = after;
      // An unchanged field is not overwritten, even if it cannot be read.
      const types = change.eventTypes === undefined ? text<string>(row, 'event_types') : JSON.stringify(eventTypes);
      const paused = change.paused ?? row['paused'] === 1;
      this.#statements.put.run(id, types, maxLeases, paused ? 1 : 0);
      effects.availableOrganizations.add(organizationId);
      return inboxFromRow({ ...row, event_types: types, max_leases: maxLeases, paused: paused ? 1 : 0 });
    });
  }

  async remove(organizationId: OrganizationId, name: string): Promise<boolean> {
    const id = await this.#queue.submit((effects) => {
      const row = this.#statements.getToWrite.get(organizationId, name);
      if (row === undefined) return undefined;
      const inbox = inboxFromRow(row);
      this.#statements.remove.run(inbox.id);
      effects.availableOrganizations.add(organizationId);
      return inbox.id;
    });
    if (id === undefined) return false;
    while ((await this.#removeSome(id)) === REMOVE_STEP);
    return true;
  }

  #removeSome(id: InboxId): Promise<number> {
    return this.#queue.submit(() => Number(this.#statements.removeMessages.run(id, REMOVE_STEP).changes));
  }
}

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    add: writer.prepare('add-inbox'),
    count: writer.prepare('count-inboxes'),
    getToWrite: writer.prepare('get-inbox'),
    put: writer.prepare('put-inbox'),
    remove: writer.prepare('remove-inbox'),
    removeMessages: writer.prepare('remove-inbox-messages'),
    list: reader.prepare('list-inboxes'),
  };
}
