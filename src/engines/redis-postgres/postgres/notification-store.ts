import type { InboxId, OrganizationId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { InboxNotification, NotificationStore } from '../../../ports/store/notification-store.ts';
import { type Row, text } from '../../rows/row.ts';
import type { Database } from './database.ts';
import { LOWEST_ID } from './id-range.ts';

export class PostgresNotificationStore implements NotificationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(inboxId: InboxId): Promise<InboxNotification | undefined> {
    const [row] = await this.#read('get-notification', [inboxId]);
    return row === undefined ? undefined : notificationFromRow(row);
  }

  async ofOrganization(organizationId: OrganizationId): Promise<InboxNotification[]> {
    return (await this.#read('notifications-of-organization', [organizationId])).map(notificationFromRow);
  }

  async put({ inboxId, organizationId, inboxName, url, secret }: InboxNotification): Promise<void> {
    await this.#database.query('put-notification', [inboxId, organizationId, inboxName, url, secret]);
  }

  async remove(inboxId: InboxId): Promise<void> {
    await this.#database.query('remove-notification', [inboxId]);
  }

  async list(after: InboxId | null, limit: number): Promise<InboxNotification[]> {
    return (await this.#read('list-notifications', [after ?? LOWEST_ID, limit])).map(notificationFromRow);
  }

  async claim(inboxId: InboxId, now: Timestamp, until: Timestamp): Promise<boolean> {
    return (await this.#database.query('claim-notification', [inboxId, now, until])).length === 1;
  }

  async told(inboxId: InboxId, until: Timestamp): Promise<void> {
    await this.#database.query('note-told', [inboxId, until]);
  }

  async arm(inboxId: InboxId): Promise<void> {
    await this.#database.query('arm-notification', [inboxId]);
  }

  #read(name: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.#database.query(name, parameters, { idempotent: true });
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
