import { sign } from '../../core/delivery/signature.ts';
import type { EndpointId, EventId, InboxId, OrganizationId } from '../../core/ids.ts';
import { addMs, type Milliseconds, type Timestamp, toIso } from '../../core/time.ts';
import type { Store } from '../../ports/engine.ts';
import type { Sender } from '../../ports/sender.ts';
import type { InboxNotification, ListedNotification } from '../../ports/store/notification-store.ts';
import { isItemError } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';

/** Announcements within this time cause one check: an inbox that fills quickly costs one check per 100 ms. */
const GATHER_MS: Milliseconds = 100;
/** Pause between sweeps, which find messages whose lease expired, lost announcements, and claims of processes that died. */
const SWEEP_PAUSE_MS: Milliseconds = 5_000;
const PAGE = 500;
/** Delay before each try; after the last one, the next message starts over. */
const TRIES: readonly Milliseconds[] = [0, 2_000, 10_000, 60_000];
const TIMEOUT_MS: Milliseconds = 10_000;
/** All tries of one notification end within this time. */
const CLAIM_MS: Milliseconds = 180_000;

/**
 * Notifies the URL of an inbox when the inbox was empty and has a message again: a signed request without event
 * content, for consumers that prefer it to long polling.
 *
 * States of a notification (`NotificationStore`): armed → claimed by one process until a time → notified → armed when
 * the inbox is drained. A failed notification returns to armed.
 */
export class Notifier {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics' | 'ids'>;
  readonly #store: Pick<Store, 'inboxes' | 'notifications'>;
  readonly #sender: Sender;
  readonly #userAgent: string;
  /** Organizations with notifications, as of the last sweep; announcements of others are ignored at no cost. */
  #known = new Set<OrganizationId>();
  readonly #changed = new Set<OrganizationId>();
  readonly #notifying = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  #unsubscribe = () => {};
  #gathering: NodeJS.Timeout | undefined;
  #sweeping: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(
    context: Pick<Context, 'clock' | 'log' | 'metrics' | 'ids'>,
    store: Pick<Store, 'inboxes' | 'notifications'>,
    sender: Sender,
    userAgent: string,
  ) {
    this.#context = context;
    this.#store = store;
    this.#sender = sender;
    this.#userAgent = userAgent;
  }

  start(): void {
    this.#unsubscribe = this.#store.inboxes.onAvailable((organizationId) => {
      if (!this.#known.has(organizationId)) return;
      this.#changed.add(organizationId);
      this.#gathering ??= setTimeout(() => {
        this.#gathering = undefined;
        this.#enqueue(() => this.#checkChanged());
      }, GATHER_MS).unref();
    });
    this.#enqueue(() => this.#sweep());
  }

  /** Aborts running notifications; another process sends them when this process's claims expire. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#stopped.abort();
    clearTimeout(this.#gathering);
    clearTimeout(this.#sweeping);
    await this.#work;
    await Promise.all(this.#notifying);
  }

  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work
      .then(() => (this.#stopped.signal.aborted ? undefined : work()))
      .catch((error: unknown) =>
        this.#context.log.warn('Inbox notifications could not be checked, retrying later', {}, error),
      );
  }

  async #sweep(): Promise<void> {
    try {
      const known = new Set<OrganizationId>();
      let after: InboxId | null = null;
      do {
        const page: ListedNotification[] = await this.#store.notifications.list(after, PAGE);
        for (const notification of page) {
          known.add(notification.organizationId);
          await this.#checkSafely(notification);
        }
        after = page.length < PAGE ? null : (page.at(-1)?.inboxId ?? null);
      } while (after !== null && !this.#stopped.signal.aborted);
      this.#known = known;
    } finally {
      if (!this.#stopped.signal.aborted) {
        this.#sweeping = setTimeout(() => this.#enqueue(() => this.#sweep()), SWEEP_PAUSE_MS).unref();
      }
    }
  }

  async #checkChanged(): Promise<void> {
    const organizations = [...this.#changed];
    this.#changed.clear();
    for (const organizationId of organizations) {
      for (const notification of await this.#store.notifications.ofOrganization(organizationId)) {
        await this.#checkSafely(notification);
      }
    }
  }

  /** Contains an unexpected error to one inbox, which is checked again later. */
  async #checkSafely({ secret, ...rest }: ListedNotification): Promise<void> {
    const notification = { ...rest, secret: secret ?? '' };
    try {
      if (secret === null) throw new Error('The secret of this notification cannot be decrypted');
      await this.#check(notification);
    } catch (error) {
      if (!isItemError(error)) throw error;
      this.#fault(notification, error);
    }
  }

  #fault({ inboxId }: InboxNotification, error: unknown): void {
    this.#context.metrics.fault('notification');
    this.#context.log.error('Unexpected error in an inbox notification, retrying later', { inbox_id: inboxId }, error);
  }

  /**
   * The notification is claimed before the inbox is read: a message that arrives after the read finds the notification
   * armed again, or this process's claim still running.
   */
  async #check(notification: InboxNotification): Promise<void> {
    const { inboxId } = notification;
    const now = this.#context.clock.now();
    const until = addMs(now, CLAIM_MS);
    if (!(await this.#store.notifications.claim(inboxId, now, until))) return;
    try {
      await this.#checkClaimed(notification, until);
    } catch (error) {
      await this.#rearm(inboxId);
      throw error;
    }
  }

  /** Re-arms after an error, so that the next check need not wait until the claim expires. */
  async #rearm(inboxId: InboxId): Promise<void> {
    await this.#store.notifications.arm(inboxId).catch(() => {});
  }

  async #checkClaimed(notification: InboxNotification, until: Timestamp): Promise<void> {
    const { inboxId, organizationId, inboxName } = notification;
    const inbox = await this.#store.inboxes.get(organizationId, inboxName);
    if (inbox?.id !== inboxId) return this.#store.notifications.remove(inboxId);
    const [first] = inbox.paused
      ? []
      : await this.#store.inboxes.list(inbox, { status: 'available', limit: 1, after: null });
    if (first === undefined) return this.#store.notifications.arm(inboxId);
    const notifying = this.#notify(notification)
      .then((notified) =>
        notified ? this.#store.notifications.markNotified(inboxId, until) : this.#store.notifications.arm(inboxId),
      )
      .catch((error: unknown) => {
        this.#fault(notification, error);
        return this.#rearm(inboxId);
      })
      .finally(() => this.#notifying.delete(notifying));
    this.#notifying.add(notifying);
  }

  /** @returns whether the receiver accepted the notification, or never will */
  async #notify(notification: InboxNotification): Promise<boolean> {
    const id = this.#context.ids.next<EventId>();
    for (const pauseMs of TRIES) {
      await this.#pause(pauseMs);
      if (this.#stopped.signal.aborted) return false;
      const outcome = await this.#sender.send(this.#request(id, notification));
      const { statusCode, error } = outcome;
      this.#context.log.sampled(
        'notification',
        'info',
        () => `Inbox ${notification.inboxId} notified: ${statusCode ?? error}`,
      );
      if (error === null) return true;
      // A receiver that answered 410, or whose address is not allowed, is not retried.
      if (statusCode === 410 || error === 'address_not_allowed') return true;
    }
    return false;
  }

  #request(id: EventId, { inboxId, inboxName, url, secret }: InboxNotification) {
    const at = this.#context.clock.now();
    const body = `{"type":"inbox.available","timestamp":"${toIso(at)}","data":{"inbox":${JSON.stringify(inboxName)}}}`;
    return {
      // Connections are pooled per inbox, as they are per endpoint.
      endpointId: inboxId as string as EndpointId,
      url,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at / 1_000)),
        'webhook-signature': sign({ id, at, body, keys: { secrets: [secret], signingKeys: [] } }),
        'user-agent': this.#userAgent,
      },
      body,
      timeoutMs: TIMEOUT_MS,
    };
  }

  #pause(ms: Milliseconds): Promise<void> {
    const { signal } = this.#stopped;
    if (ms === 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
    });
  }
}
