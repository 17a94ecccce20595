import type { OperationalEventType } from '../../core/events/operational-event.ts';
import type { EventId, InboxId } from '../../core/ids.ts';
import { type Milliseconds, toIso } from '../../core/time.ts';
import type { InboxStore, QuarantinedMessages } from '../../ports/store/inbox-store.ts';
import type { OperationalEvents } from '../accepting/index.ts';
import type { Context } from '../context.ts';
import type { RetryLoop } from '../pacing/index.ts';

const TYPE: OperationalEventType = 'inbox.quarantined';
/**
 * Messages quarantined in one inbox within this time are reported in one event, so that a consumer that fails on
 * everything causes no flood.
 */
const GATHER_MS: Milliseconds = 2_000;
/** Ids listed in one event (4 KB); the event's count is exact. */
const MAX_IDS = 100;
/**
 * Inboxes with a pending event, about 8 MB with 100 ids each. Beyond it, quarantined messages appear only in the log,
 * the metric and the counts.
 */
const MAX_INBOXES = 1_000;

interface Gathered {
  readonly inbox: QuarantinedMessages['inbox'];
  readonly eventIds: EventId[];
  count: number;
}

/**
 * Reports messages that calls in this process quarantined: a log line and a metric at once, and an operational event to
 * subscribers after `GATHER_MS`. A killed process loses the pending events; the messages still appear in lists and
 * counts.
 */
export class QuarantinePublisher {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics'>;
  readonly #operational: OperationalEvents;
  readonly #retryLoop: RetryLoop;
  readonly #unsubscribe: () => void;
  readonly #gathered = new Map<InboxId, Gathered>();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  /** @param retryLoop the retry loop of `operational`; `stop` stops it */
  constructor(
    context: Pick<Context, 'clock' | 'log' | 'metrics'>,
    inboxes: Pick<InboxStore, 'onQuarantined'>,
    operational: OperationalEvents,
    retryLoop: RetryLoop,
  ) {
    this.#context = context;
    this.#operational = operational;
    this.#retryLoop = retryLoop;
    this.#unsubscribe = inboxes.onQuarantined((messages) => this.#record(messages));
  }

  /** Publishes the pending events, with one try each. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#retryLoop.stop();
    this.#flush();
    await this.#work;
  }

  #record({ inbox, events }: QuarantinedMessages): void {
    this.#context.metrics.quarantined(events.length);
    this.#context.log.sampled('inbox_quarantined', 'warn', () => 'Messages were quarantined after their leases', {
      inbox_id: inbox.id,
      count: events.length,
    });
    // A quarantined `inbox.quarantined` event is not reported again; otherwise a consumer that fails on everything
    // would cause an endless chain.
    const own = events.filter(({ type }) => type !== TYPE);
    if (own.length > 0) this.#gather(inbox, own);
  }

  #gather({ id, organizationId, name }: QuarantinedMessages['inbox'], events: QuarantinedMessages['events']): void {
    let gathered = this.#gathered.get(id);
    if (gathered === undefined) {
      if (this.#gathered.size >= MAX_INBOXES) return;
      gathered = { inbox: { id, organizationId, name }, eventIds: [], count: 0 };
      this.#gathered.set(id, gathered);
    }
    gathered.count += events.length;
    const room = Math.max(0, MAX_IDS - gathered.eventIds.length);
    gathered.eventIds.push(...events.slice(0, room).map((event) => event.id));
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS).unref();
  }

  /**
   * Publishes after the previous flush is done: while the intake is unavailable, more messages are gathered and no
   * flush is queued.
   */
  #flush(): void {
    clearTimeout(this.#timer);
    this.#work = this.#work.then(async () => {
      const all = [...this.#gathered.values()];
      this.#gathered.clear();
      this.#timer = undefined;
      for (const gathered of all) await this.#publish(gathered);
    });
  }

  async #publish({ inbox, eventIds, count }: Gathered): Promise<void> {
    const at = this.#context.clock.now();
    const data = { inbox: inbox.name, count, event_ids: eventIds, quarantined_at: toIso(at) };
    try {
      await this.#operational.publish(inbox.organizationId, TYPE, `${inbox.id}:${eventIds[0]}:${at}`, data);
    } catch (error) {
      this.#context.metrics.fault('operational_event');
      this.#context.log.error(`Operational event ${TYPE} could not be published`, { inbox_id: inbox.id }, error);
    }
  }
}
