import { type SecretBox, UnreadableSecret } from '../../../core/administration/secret-box.ts';
import type { InboxNotification, ListedNotification } from '../../../ports/store/notification-store.ts';
import { type Row, text } from '../../rows/row.ts';
import { openColumn, sealColumn } from '../../rows/sealed-columns.ts';

/** Throws `UnreadableSecret` where its secret can't be decrypted. */
export function notificationFromRow(row: Row, box: SecretBox): InboxNotification {
  return {
    inboxId: text(row, 'inbox_id'),
    organizationId: text(row, 'organization_id'),
    inboxName: text<string>(row, 'inbox_name'),
    url: text<string>(row, 'url'),
    secret: openColumn(box, 'inbox_notifications', 'secret', row),
  };
}

/** The same for a list, which one secret that can't be decrypted must not fail: it is null there. */
export function listedNotificationFromRow(row: Row, box: SecretBox): ListedNotification {
  try {
    return notificationFromRow(row, box);
  } catch (error) {
    if (!(error instanceof UnreadableSecret)) throw error;
    const { inboxId, organizationId, inboxName, url } = notificationFromRow({ ...row, secret: '' }, box);
    return { inboxId, organizationId, inboxName, url, secret: null };
  }
}

/** The columns that `put-notification` takes, the secret encrypted. */
export function notificationParameters(notification: InboxNotification, box: SecretBox): string[] {
  const { inboxId, organizationId, inboxName, url, secret } = notification;
  const sealed = sealColumn(box, { table: 'inbox_notifications', column: 'secret', id: inboxId }, secret);
  return [inboxId, organizationId, inboxName, url, sealed];
}
