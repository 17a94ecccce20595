import type { InboxId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';

/** A notification: the URL to call when an empty inbox has a message again. */
export interface InboxNotification {
  readonly inboxId: InboxId;
  readonly organizationId: OrganizationId;
  readonly inboxName: string;
  readonly url: string;
  /** Signs the notification (Standard Webhooks). */
  readonly secret: string;
}

/** A notification in a list; its secret is null where it cannot be decrypted. */
export type ListedNotification = Omit<InboxNotification, 'secret'> & { readonly secret: string | null };

/**
 * Stores notifications. States: armed (the next message triggers it), claimed by a process until a time, or notified
 * (silent until the inbox is drained).
 */
export interface NotificationStore {
  get(inboxId: InboxId): Promise<InboxNotification | undefined>;
  ofOrganization(organizationId: OrganizationId): Promise<ListedNotification[]>;
  /** Creates or replaces a notification; it is armed. */
  put(notification: InboxNotification): Promise<void>;
  remove(inboxId: InboxId): Promise<void>;
  /** All notifications in id order, after `after`. */
  list(after: InboxId | null, limit: number): Promise<ListedNotification[]>;
  /**
   * Claims an armed notification, or one whose claim expired. A caller that gets true must notify; nobody else does
   * before `until`.
   */
  claim(inboxId: InboxId, now: Timestamp, until: Timestamp): Promise<boolean>;
  /** Marks a claimed notification as notified. No effect if it was armed meanwhile. */
  markNotified(inboxId: InboxId, until: Timestamp): Promise<void>;
  /** Arms the notification: the inbox was drained, or the notification failed. */
  arm(inboxId: InboxId): Promise<void>;
}
