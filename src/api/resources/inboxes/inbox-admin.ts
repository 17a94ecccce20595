import { randomBytes } from 'node:crypto';
import { DEFAULT_INBOX, type Inbox } from '../../../core/administration/inbox.ts';
import { SECRET_BYTES, secretFromBytes } from '../../../core/delivery/signature.ts';
import { isEventTypePattern } from '../../../core/events/event-type.ts';
import type { InboxId, OrganizationId } from '../../../core/ids.ts';
import { DEFAULT_MAX_LEASES, MAX_COUNTED_QUARANTINED, MAX_INBOXES_PER_ORGANIZATION } from '../../../core/limits.ts';
import { toIso } from '../../../core/time.ts';
import type { InboxNotification, ListedNotification } from '../../../ports/store/notification-store.ts';
import type { ApiParts } from '../../context.ts';
import { invalidField, NOT_FOUND, ProblemError, problemError } from '../../http/answers/index.ts';
import type { Wire } from '../views/index.ts';

/** The fields of an inbox that a request may set. */
export interface InboxOptions {
  readonly event_types?: readonly string[];
  readonly max_leases?: number;
  readonly paused?: boolean;
  /** Null = no notifications. */
  readonly notification_url?: string | null;
}

/** Creates, changes and removes inboxes, for all routes that do so. */
export class InboxAdmin {
  readonly #parts: ApiParts;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  /** Throws `conflict` or `url_not_allowed`. */
  async create(organizationId: OrganizationId, name: string, options: InboxOptions): Promise<InboxWithNotification> {
    const { engine, ids, clock } = this.#parts;
    await this.#check(options);
    const inbox: Inbox = {
      id: ids.next<InboxId>(),
      organizationId,
      name,
      eventTypes: options.event_types ?? [],
      maxLeases: options.max_leases ?? DEFAULT_MAX_LEASES,
      paused: options.paused ?? false,
      createdAt: clock.now(),
    };
    const outcome = await engine.store.inboxes.create(inbox);
    if (outcome === 'conflict') throw problemError('conflict', 'An inbox with this name exists already.');
    if (outcome === 'full') {
      throw problemError('conflict', `An organization may have at most ${MAX_INBOXES_PER_ORGANIZATION} inboxes.`);
    }
    return { inbox, notification: await this.#notify(inbox, options.notification_url ?? null) };
  }

  /** Changes only the given fields. Throws `not_found` or `url_not_allowed`. */
  async change(organizationId: OrganizationId, name: string, options: InboxOptions): Promise<InboxWithNotification> {
    await this.#check(options);
    const { event_types, max_leases, paused, notification_url: url } = options;
    const inbox = await this.#parts.engine.store.inboxes.update(organizationId, name, {
      ...(event_types === undefined ? {} : { eventTypes: event_types }),
      ...(max_leases === undefined ? {} : { maxLeases: max_leases }),
      ...(paused === undefined ? {} : { paused }),
    });
    if (inbox === undefined) throw new ProblemError(NOT_FOUND);
    return { inbox, notification: url === undefined ? await this.notification(inbox) : await this.#notify(inbox, url) };
  }

  /** Throws `not_found`, and `conflict` for the inbox `default`. */
  async remove(organizationId: OrganizationId, name: string): Promise<void> {
    if (name === DEFAULT_INBOX) throw problemError('conflict', 'The inbox default cannot be deleted.');
    const { inboxes, notifications } = this.#parts.engine.store;
    const inbox = await inboxes.get(organizationId, name);
    if (inbox === undefined || !(await inboxes.remove(organizationId, name))) throw new ProblemError(NOT_FOUND);
    await notifications.remove(inbox.id);
  }

  notification(inbox: Inbox): Promise<InboxNotification | undefined> {
    return this.#parts.engine.store.notifications.get(inbox.id);
  }

  /** Counts quarantined messages of inboxes of one organization, up to `MAX_COUNTED_QUARANTINED` in each. */
  countQuarantined(inboxes: readonly Inbox[]): Promise<ReadonlyMap<InboxId, number>> {
    return this.#parts.engine.store.inboxes.countQuarantined(inboxes, MAX_COUNTED_QUARANTINED);
  }

  async #notify(inbox: Inbox, url: string | null): Promise<InboxNotification | undefined> {
    const { notifications } = this.#parts.engine.store;
    const before = await notifications.get(inbox.id);
    if (url === null) {
      if (before !== undefined) await notifications.remove(inbox.id);
      return undefined;
    }
    const { id: inboxId, organizationId, name: inboxName } = inbox;
    const secret = before?.secret ?? secretFromBytes(randomBytes(SECRET_BYTES));
    const notification = { inboxId, organizationId, inboxName, url, secret };
    await notifications.put(notification);
    return notification;
  }

  /** Checks that a schema cannot express. */
  async #check({ event_types = [], notification_url: url }: InboxOptions): Promise<void> {
    const wrong = event_types.findIndex((pattern) => !isEventTypePattern(pattern));
    if (wrong >= 0) throw invalidField(`event_types.${wrong}`, 'must be an event type or a pattern');
    if (url === undefined || url === null) return;
    const verdict = await this.#parts.sender.checkUrl(url);
    if (verdict.kind === 'refused') throw problemError('url_not_allowed', verdict.reason);
  }
}

export interface InboxWithNotification {
  readonly inbox: Inbox;
  readonly notification: ListedNotification | undefined;
}

/** @param maySeeUrl false hides the URL, which may contain a secret of its receiver */
export function inboxView(
  { inbox, notification }: InboxWithNotification,
  quarantined: number,
  maySeeUrl = true,
): Wire.Inbox {
  return {
    id: inbox.id,
    name: inbox.name,
    event_types: inbox.eventTypes,
    max_leases: inbox.maxLeases,
    paused: inbox.paused,
    quarantined,
    notification_url: maySeeUrl ? (notification?.url ?? null) : null,
    created_at: toIso(inbox.createdAt),
  };
}
