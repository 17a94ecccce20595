import type { OperationalEventType } from '../../core/events/operational-event.ts';
import type { EventId, InboxId } from '../../core/ids.ts';
import { type Milliseconds, toIso } from '../../core/time.ts';
import type { InboxStore, QuarantinedMessages } from '../../ports/store/inbox-store.ts';
import type { OperationalEvents } from '../accepting/index.ts';
import type { Context } from '../context.ts';
import type { RetryLoop } from '../pacing/index.ts';

const TYPE: OperationalEventType = 'inbox.quarantined';
/** What an inbox quarantines within this time is one event: a consumer that fails on everything is no flood of them. */
const GATHER_MS: Milliseconds = 2_000;
/** Ids in one event, 4 KB of it; its count says how many there are. */
const MAX_IDS = 100;
/** Inboxes that wait to be told of, with 100 ids each some 8 MB. Those beyond are in the log, the metric and the counts alone. */
const MAX_INBOXES = 1_000;

interface Gathered {
  readonly inbox: QuarantinedMessages['inbox'];
  readonly eventIds: EventId[];
  count: number;
}

/**
 * Tells of messages that became quarantined through calls of this process: a line in the log and a count at once, an
 * operational event to those who ask for it a little later. Costs nothing while nothing becomes so. What a process that is
 * killed had not told yet is still in the list and the counts.
 */
export class QuarantinePublisher {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics'>;
  readonly #operational: OperationalEvents;
  readonly #retryLoop: RetryLoop;
  readonly #unsubscribe: () => void;
  readonly #gathered = new Map<InboxId, Gathered>();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  /** @param retryLoop of `operational`; stops with this */
  constructor(
    context: Pick<Context, 'clock' | 'log' | 'metrics'>,
    inboxes: Pick<InboxStore, 'onQuarantined'>,
    operational: OperationalEvents,
    retryLoop: RetryLoop,
  ) {
    this.#context = context;
    this.#operational = operational;
    this.#retryLoop = retryLoop;
    this.#unsubscribe = inboxes.onQuarantined((messages) => this.#note(messages));
  }

  /** Tells what is gathered, trying once. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#retryLoop.stop();
    this.#tellSoon();
    await this.#work;
  }

  #note({ inbox, events }: QuarantinedMessages): void {
    this.#context.metrics.quarantined(events.length);
    this.#context.log.sampled('inbox_quarantined', 'warn', () => 'Messages were quarantined after their leases', {
      inbox_id: inbox.id,
      count: events.length,
    });
    // A word of a quarantine that is quarantined itself is no news, or a consumer that fails on all would go on for ever.
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
    this.#timer ??= setTimeout(() => this.#tellSoon(), GATHER_MS).unref();
  }

  /** When what was to be told before is told: while the intake is away, more is gathered and nothing queued. */
  #tellSoon(): void {
    clearTimeout(this.#timer);
    this.#work = this.#work.then(async () => {
      const all = [...this.#gathered.values()];
      this.#gathered.clear();
      this.#timer = undefined;
      for (const gathered of all) await this.#tell(gathered);
    });
  }

  async #tell({ inbox, eventIds, count }: Gathered): Promise<void> {
    const at = this.#context.clock.now();
    const data = { inbox: inbox.name, count, event_ids: eventIds, quarantined_at: toIso(at) };
    try {
      await this.#operational.publish(inbox.organizationId, TYPE, `${inbox.id}:${eventIds[0]}:${at}`, data);
    } catch (error) {
      this.#context.metrics.fault('operational_event');
      this.#context.log.error(
        `An event ${TYPE} could not be told, everything else goes on`,
        { inbox_id: inbox.id },
        error,
      );
    }
  }
}
