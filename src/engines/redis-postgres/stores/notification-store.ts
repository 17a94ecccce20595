import type { SecretBox } from '../../../core/administration/secret-box.ts';
import type { InboxId, OrganizationId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import type {
  InboxNotification,
  ListedNotification,
  NotificationStore,
} from '../../../ports/store/notification-store.ts';
import { listedNotificationFromRow, notificationFromRow, notificationParameters } from '../../rows/notification-row.ts';
import type { Row } from '../../rows/row.ts';
import { type Database, LOWEST_ID } from '../database/index.ts';

export class PostgresNotificationStore implements NotificationStore {
  readonly #database: Database;
  readonly #box: SecretBox;

  constructor(database: Database, box: SecretBox) {
    this.#database = database;
    this.#box = box;
  }

  async get(inboxId: InboxId): Promise<InboxNotification | undefined> {
    const [row] = await this.#read('get-notification', [inboxId]);
    return row === undefined ? undefined : notificationFromRow(row, this.#box);
  }

  async ofOrganization(organizationId: OrganizationId): Promise<ListedNotification[]> {
    return (await this.#read('notifications-of-organization', [organizationId])).map((row) =>
      listedNotificationFromRow(row, this.#box),
    );
  }

  async put(notification: InboxNotification): Promise<void> {
    await this.#database.query('put-notification', notificationParameters(notification, this.#box));
  }

  async remove(inboxId: InboxId): Promise<void> {
    await this.#database.query('remove-notification', [inboxId]);
  }

  async list(after: InboxId | null, limit: number): Promise<ListedNotification[]> {
    return (await this.#read('list-notifications', [after ?? LOWEST_ID, limit])).map((row) =>
      listedNotificationFromRow(row, this.#box),
    );
  }

  async claim(inboxId: InboxId, now: Timestamp, until: Timestamp): Promise<boolean> {
    return (await this.#database.query('claim-notification', [inboxId, now, until])).length === 1;
  }

  async markNotified(inboxId: InboxId, until: Timestamp): Promise<void> {
    await this.#database.query('mark-notified', [inboxId, until]);
  }

  async arm(inboxId: InboxId): Promise<void> {
    await this.#database.query('arm-notification', [inboxId]);
  }

  #read(name: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.#database.query(name, parameters, { idempotent: true });
  }
}
