import type { SecretBox } from '../../../core/administration/secret-box.ts';
import type { InboxId, OrganizationId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import type {
  InboxNotification,
  ListedNotification,
  NotificationStore,
} from '../../../ports/store/notification-store.ts';
import { LOWEST_ID } from '../../rows/id-range.ts';
import type { StatementRunner } from '../statements/index.ts';
import { listedNotificationFromRow, notificationFromRow, notificationParameters } from './notification-row.ts';

export class SqlNotificationStore implements NotificationStore {
  readonly #box: SecretBox;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(runner: StatementRunner, box: SecretBox) {
    this.#box = box;
    this.#statements = prepare(runner, box);
  }

  get(inboxId: InboxId): Promise<InboxNotification | undefined> {
    return this.#statements.get(inboxId);
  }

  ofOrganization(organizationId: OrganizationId): Promise<ListedNotification[]> {
    return this.#statements.ofOrganization(organizationId);
  }

  async put(notification: InboxNotification): Promise<void> {
    await this.#statements.put(...notificationParameters(notification, this.#box));
  }

  async remove(inboxId: InboxId): Promise<void> {
    await this.#statements.remove(inboxId);
  }

  list(after: InboxId | null, limit: number): Promise<ListedNotification[]> {
    return this.#statements.list(after ?? LOWEST_ID, limit);
  }

  async claim(inboxId: InboxId, now: Timestamp, until: Timestamp): Promise<boolean> {
    return (await this.#statements.claim(inboxId, now, until)) === 1;
  }

  async markNotified(inboxId: InboxId, until: Timestamp): Promise<void> {
    await this.#statements.markNotified(inboxId, until);
  }

  async arm(inboxId: InboxId): Promise<void> {
    await this.#statements.arm(inboxId);
  }
}

function prepare(runner: StatementRunner, box: SecretBox) {
  return {
    get: runner.one('get-notification', (row) => notificationFromRow(row, box)),
    ofOrganization: runner.all('notifications-of-organization', (row) => listedNotificationFromRow(row, box)),
    list: runner.all('list-notifications', (row) => listedNotificationFromRow(row, box)),
    put: runner.change('put-notification'),
    remove: runner.change('remove-notification'),
    claim: runner.change('claim-notification'),
    markNotified: runner.change('mark-notified'),
    arm: runner.change('arm-notification'),
  };
}
