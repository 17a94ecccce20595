import type { InboxId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';
import type { InboxNotification, NotificationStore } from '../../ports/store/notification-store.ts';
import { type Row, text } from '../rows/row.ts';
import type { Connection } from './connection.ts';
import type { ReadConnection } from './read-connection.ts';
import type { WriteQueue } from './write-queue.ts';

export class SqliteNotificationStore implements NotificationStore {
  readonly #queue: WriteQueue;
  readonly #reader: ReadConnection;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; reader: ReadConnection; queue: WriteQueue }) {
    this.#queue = args.queue;
    this.#reader = args.reader;
    this.#statements = prepare(args.writer, args.reader);
  }

  get(inboxId: InboxId): Promise<InboxNotification | undefined> {
    return this.#reader.read(() => {
      const row = this.#statements.get.get(inboxId);
      return row === undefined ? undefined : notificationFromRow(row);
    });
  }

  ofOrganization(organizationId: OrganizationId): Promise<InboxNotification[]> {
    return this.#reader.read(() => this.#statements.ofOrganization.all(organizationId).map(notificationFromRow));
  }

  put({ inboxId, organizationId, inboxName, url, secret }: InboxNotification): Promise<void> {
    return this.#queue.submit(() => {
      this.#statements.put.run(inboxId, organizationId, inboxName, url, secret);
    });
  }

  remove(inboxId: InboxId): Promise<void> {
    return this.#queue.submit(() => {
      this.#statements.remove.run(inboxId);
    });
  }

  list(after: InboxId | null, limit: number): Promise<InboxNotification[]> {
    return this.#reader.read(() => this.#statements.list.all(after ?? '', limit).map(notificationFromRow));
  }

  claim(inboxId: InboxId, now: Timestamp, until: Timestamp): Promise<boolean> {
    return this.#queue.submit(() => this.#statements.claim.get(inboxId, now, until) !== undefined);
  }

  told(inboxId: InboxId, until: Timestamp): Promise<void> {
    return this.#queue.submit(() => {
      this.#statements.told.run(inboxId, until);
    });
  }

  arm(inboxId: InboxId): Promise<void> {
    return this.#queue.submit(() => {
      this.#statements.arm.run(inboxId);
    });
  }
}

function notificationFromRow(row: Row): InboxNotification {
  return {
    inboxId: text(row, 'inbox_id'),
    organizationId: text(row, 'organization_id'),
    inboxName: text<string>(row, 'inbox_name'),
    url: text<string>(row, 'url'),
    secret: text<string>(row, 'secret'),
  };
}

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    get: reader.prepare('get-notification'),
    ofOrganization: reader.prepare('notifications-of-organization'),
    list: reader.prepare('list-notifications'),
    put: writer.prepare('put-notification'),
    remove: writer.prepare('remove-notification'),
    claim: writer.prepare('claim-notification'),
    told: writer.prepare('note-told'),
    arm: writer.prepare('arm-notification'),
  };
}
