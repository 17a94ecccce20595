import type { SecretBox } from '../../../core/administration/secret-box.ts';
import type { InboxId, OrganizationId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import type {
  InboxNotification,
  ListedNotification,
  NotificationStore,
} from '../../../ports/store/notification-store.ts';
import { listedNotificationFromRow, notificationFromRow, notificationParameters } from '../../rows/notification-row.ts';
import type { Connection, ReadConnection } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';

export class SqliteNotificationStore implements NotificationStore {
  readonly #queue: WriteQueue;
  readonly #box: SecretBox;
  readonly #reader: ReadConnection;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; reader: ReadConnection; queue: WriteQueue; box: SecretBox }) {
    this.#queue = args.queue;
    this.#box = args.box;
    this.#reader = args.reader;
    this.#statements = prepare(args.writer, args.reader);
  }

  get(inboxId: InboxId): Promise<InboxNotification | undefined> {
    return this.#reader.read(() => {
      const row = this.#statements.get.get(inboxId);
      return row === undefined ? undefined : notificationFromRow(row, this.#box);
    });
  }

  ofOrganization(organizationId: OrganizationId): Promise<ListedNotification[]> {
    return this.#reader.read(() =>
      this.#statements.ofOrganization.all(organizationId).map((row) => listedNotificationFromRow(row, this.#box)),
    );
  }

  put(notification: InboxNotification): Promise<void> {
    return this.#queue.submit(() => {
      this.#statements.put.run(...notificationParameters(notification, this.#box));
    });
  }

  remove(inboxId: InboxId): Promise<void> {
    return this.#queue.submit(() => {
      this.#statements.remove.run(inboxId);
    });
  }

  list(after: InboxId | null, limit: number): Promise<ListedNotification[]> {
    return this.#reader.read(() =>
      this.#statements.list.all(after ?? '', limit).map((row) => listedNotificationFromRow(row, this.#box)),
    );
  }

  claim(inboxId: InboxId, now: Timestamp, until: Timestamp): Promise<boolean> {
    return this.#queue.submit(() => this.#statements.claim.get(inboxId, now, until) !== undefined);
  }

  markNotified(inboxId: InboxId, until: Timestamp): Promise<void> {
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

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    get: reader.prepare('get-notification'),
    ofOrganization: reader.prepare('notifications-of-organization'),
    list: reader.prepare('list-notifications'),
    put: writer.prepare('put-notification'),
    remove: writer.prepare('remove-notification'),
    claim: writer.prepare('claim-notification'),
    told: writer.prepare('mark-notified'),
    arm: writer.prepare('arm-notification'),
  };
}
