import { sign } from '../../core/delivery/signature.ts';
import type { EndpointId, EventId, InboxId, OrganizationId } from '../../core/ids.ts';
import { addMs, type Milliseconds, type Timestamp, toIso } from '../../core/time.ts';
import type { Store } from '../../ports/engine.ts';
import type { Sender } from '../../ports/sender.ts';
import type { InboxNotification, ListedNotification } from '../../ports/store/notification-store.ts';
import { isItemError } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';

/** News within this time is one look: an inbox that fills up quickly costs a look each tenth of a second. */
const GATHER_MS: Milliseconds = 100;
/** For messages whose lease ran out, news that was lost, and tellers that died. */
const SWEEP_PAUSE_MS: Milliseconds = 5_000;
const PAGE = 500;
/** Pauses before each try; after the last one the next message tries anew. */
const TRIES: readonly Milliseconds[] = [0, 2_000, 10_000, 60_000];
const TIMEOUT_MS: Milliseconds = 10_000;
/** A teller has all its tries within this time. */
const CLAIM_MS: Milliseconds = 180_000;

/**
 * Tells the address that an inbox names when the inbox was empty and has something again: a signed request without any of
 * the content, for consumers that would rather be woken than wait in a long-poll.
 */
export class Notifier {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics' | 'ids'>;
  readonly #store: Pick<Store, 'inboxes' | 'notifications'>;
  readonly #sender: Sender;
  readonly #userAgent: string;
  /** Organizations that have notifications, as of the last sweep: news of others costs nothing. */
  #known = new Set<OrganizationId>();
  readonly #news = new Set<OrganizationId>();
  readonly #telling = new Set<Promise<void>>();
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
      this.#news.add(organizationId);
      this.#gathering ??= setTimeout(() => {
        this.#gathering = undefined;
        this.#inTurn(() => this.#lookAtNews());
      }, GATHER_MS).unref();
    });
    this.#inTurn(() => this.#sweep());
  }

  /** What is being told is given up: whoever runs next tells it when our time is up. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#stopped.abort();
    clearTimeout(this.#gathering);
    clearTimeout(this.#sweeping);
    await this.#work;
    await Promise.all(this.#telling);
  }

  #inTurn(work: () => Promise<void>): void {
    this.#work = this.#work
      .then(() => (this.#stopped.signal.aborted ? undefined : work()))
      .catch((error: unknown) => this.#context.log.warn('Inbox notifications could not be looked at', {}, error));
  }

  async #sweep(): Promise<void> {
    try {
      const known = new Set<OrganizationId>();
      let after: InboxId | null = null;
      do {
        const page: ListedNotification[] = await this.#store.notifications.list(after, PAGE);
        for (const notification of page) {
          known.add(notification.organizationId);
          await this.#lookApart(notification);
        }
        after = page.length < PAGE ? null : (page.at(-1)?.inboxId ?? null);
      } while (after !== null && !this.#stopped.signal.aborted);
      this.#known = known;
    } finally {
      if (!this.#stopped.signal.aborted) {
        this.#sweeping = setTimeout(() => this.#inTurn(() => this.#sweep()), SWEEP_PAUSE_MS).unref();
      }
    }
  }

  async #lookAtNews(): Promise<void> {
    const organizations = [...this.#news];
    this.#news.clear();
    for (const organizationId of organizations) {
      for (const notification of await this.#store.notifications.ofOrganization(organizationId)) {
        await this.#lookApart(notification);
      }
    }
  }

  /** An unexpected error with one inbox leaves that one out until the next look. */
  async #lookApart({ secret, ...rest }: ListedNotification): Promise<void> {
    const notification = { ...rest, secret: secret ?? '' };
    try {
      if (secret === null) throw new Error('The secret of this notification cannot be decrypted');
      await this.#look(notification);
    } catch (error) {
      if (!isItemError(error)) throw error;
      this.#fault(notification, error);
    }
  }

  #fault({ inboxId }: InboxNotification, error: unknown): void {
    this.#context.metrics.fault('notification');
    this.#context.log.error(
      'Unexpected error with the notification of an inbox, all others go on',
      { inbox_id: inboxId },
      error,
    );
  }

  /** Claimed before we look: what comes after our look finds it armed, or claimed by us, who will see it. */
  async #look(notification: InboxNotification): Promise<void> {
    const { inboxId } = notification;
    const now = this.#context.clock.now();
    const until = addMs(now, CLAIM_MS);
    if (!(await this.#store.notifications.claim(inboxId, now, until))) return;
    try {
      await this.#lookAtClaimed(notification, until);
    } catch (error) {
      await this.#armAgain(inboxId);
      throw error;
    }
  }

  /** After an error, so that the next look need not wait for the end of our claim. */
  async #armAgain(inboxId: InboxId): Promise<void> {
    await this.#store.notifications.arm(inboxId).catch(() => {});
  }

  async #lookAtClaimed(notification: InboxNotification, until: Timestamp): Promise<void> {
    const { inboxId, organizationId, inboxName } = notification;
    const inbox = await this.#store.inboxes.get(organizationId, inboxName);
    if (inbox?.id !== inboxId) return this.#store.notifications.remove(inboxId);
    const [first] = inbox.paused
      ? []
      : await this.#store.inboxes.list(inbox, { status: 'available', limit: 1, after: null });
    if (first === undefined) return this.#store.notifications.arm(inboxId);
    const telling = this.#tell(notification)
      .then((told) =>
        told ? this.#store.notifications.markNotified(inboxId, until) : this.#store.notifications.arm(inboxId),
      )
      .catch((error: unknown) => {
        this.#fault(notification, error);
        return this.#armAgain(inboxId);
      })
      .finally(() => this.#telling.delete(telling));
    this.#telling.add(telling);
  }

  /** @returns whether the receiver took it */
  async #tell(notification: InboxNotification): Promise<boolean> {
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
      // Gone, or never to be reached: trying again is of no use, the next message will.
      if (statusCode === 410 || error === 'address_not_allowed') return true;
    }
    return false;
  }

  #request(id: EventId, { inboxId, inboxName, url, secret }: InboxNotification) {
    const at = this.#context.clock.now();
    const body = `{"type":"inbox.available","timestamp":"${toIso(at)}","data":{"inbox":${JSON.stringify(inboxName)}}}`;
    return {
      // Connections of its own, as those of an endpoint are.
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
