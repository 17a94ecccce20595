import type { InboxId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';

/** Who is to be told when an empty inbox has something again. */
export interface InboxNotification {
  readonly inboxId: InboxId;
  readonly organizationId: OrganizationId;
  readonly inboxName: string;
  readonly url: string;
  /** Signs what is sent there (Standard Webhooks). */
  readonly secret: string;
}

/** One of a list; its secret is null where it can't be decrypted. */
export type ListedNotification = Omit<InboxNotification, 'secret'> & { readonly secret: string | null };

/**
 * Each notification is in one of three states: armed (the next message is news), being told by somebody until a time, or
 * told (nothing is said until the inbox ran empty).
 */
export interface NotificationStore {
  get(inboxId: InboxId): Promise<InboxNotification | undefined>;
  ofOrganization(organizationId: OrganizationId): Promise<ListedNotification[]>;
  /** New, or changed; armed in both cases. */
  put(notification: InboxNotification): Promise<void>;
  remove(inboxId: InboxId): Promise<void>;
  /** All there are, by id, those after `after`. */
  list(after: InboxId | null, limit: number): Promise<ListedNotification[]>;
  /** Whoever gets true is to tell, and nobody else before `until`. False unless it is armed, or a teller's time is up. */
  claim(inboxId: InboxId, now: Timestamp, until: Timestamp): Promise<boolean>;
  /** The one who claimed it with this `until` has told. Changes nothing when it was armed anew meanwhile. */
  markNotified(inboxId: InboxId, until: Timestamp): Promise<void>;
  /** The inbox ran empty, or telling failed. */
  arm(inboxId: InboxId): Promise<void>;
}
