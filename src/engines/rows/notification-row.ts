import type { SecretBox } from '../../core/secret-box.ts';
import type { InboxNotification } from '../../ports/store/notification-store.ts';
import { type Row, text } from './row.ts';
import { openColumn, sealColumn } from './sealed-columns.ts';

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

/** The columns that `put-notification` takes, the secret encrypted. */
export function notificationParameters(notification: InboxNotification, box: SecretBox): string[] {
  const { inboxId, organizationId, inboxName, url, secret } = notification;
  const sealed = sealColumn(box, { table: 'inbox_notifications', column: 'secret', id: inboxId }, secret);
  return [inboxId, organizationId, inboxName, url, sealed];
}
