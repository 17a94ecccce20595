import type { AcceptedEvent } from '../../core/events/event.ts';
import { type DeliveryId, idAt, type OrganizationId } from '../../core/ids.ts';
import { fewRandomBytes } from '../../core/random-bytes.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { ActivityFeed } from '../../ports/coordination/activity.ts';
import type { Engine, WorkerPorts } from '../../ports/engine.ts';
import type { LogFields } from '../../ports/observability/log.ts';
import { type EventRecord, RecordRefused, type RoutedEvent } from '../../ports/record/event-record.ts';
import type { EventStream, StreamEntry } from '../../ports/record/event-stream.ts';
import type { FanOut } from '../../ports/record/fan-out.ts';
import { isItemError } from '../../ports/unavailable.ts';
import { logPersisted } from '../accepting/index.ts';
import type { Context } from '../context.ts';
import { Backoff, ProgressWatch } from '../pacing/index.ts';

/** In one reading: enough that a round trip costs little an event, few enough that 200 of 256 KiB fit in memory. */
const MAX_BATCH = 200;
/** Under way at once, whatever the number of batches. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Batches that may be small. More run side by side only when they are full: small ones wait and grow instead. */
const MAX_SMALL_BATCHES = 2;
const READ_WAIT_MS: Milliseconds = 2_000;
/** How often to look for what dead workers left. */
const CLAIM_PAUSE_MS: Milliseconds = 5_000;

/** Between two looks whether an event's turn has come; a batch takes some hundredths of a second. */
const FIRST_TURN_PAUSE_MS: Milliseconds = 2;
const LONGEST_TURN_PAUSE_MS: Milliseconds = 50;
/** Of Redis' clock and ours. */
const PLACE_SKEW_MS: Milliseconds = 60_000;
const PLACE_MAX_AGE_MS: Milliseconds = 7 * 86_400_000;

interface Routed extends RoutedEvent {
  readonly entry: StreamEntry;
}

/**
 * The station between the stream and the record: reads events in batches, fans them out, records them, and only then
 * acknowledges. Batches run side by side, up to `maxBatches`; what fails is tried again until it works, while the stream
 * keeps the rest. An event that the record will never take goes to the dead ones, alone.
 */
export class Persister {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics' | 'tracer' | 'bus'>;
  readonly #stream: EventStream;
  readonly #record: EventRecord;
  readonly #fanOut: FanOut;
  readonly #activity: ActivityFeed;
  readonly #maxBatches: number;
  readonly #retries: Backoff;
  readonly #progress: ProgressWatch;
  readonly #running = new Set<Promise<void>>();
  #loops: Promise<unknown> = Promise.resolve();
  #roomMade: (() => void) | undefined;
  #bytes = 0;
  #stopping = false;
  #claimTimer: NodeJS.Timeout | undefined;

  /** @param maxBatches `MAX_CONCURRENT_EVENTS` */
  constructor(
    context: Pick<Context, 'clock' | 'log' | 'metrics' | 'tracer' | 'bus'>,
    ports: Pick<WorkerPorts, 'eventStream' | 'eventRecord'> & Pick<Engine, 'activity'>,
    fanOut: FanOut,
    maxBatches: number,
  ) {
    this.#context = context;
    this.#stream = ports.eventStream;
    this.#record = ports.eventRecord;
    this.#activity = ports.activity;
    this.#fanOut = fanOut;
    this.#maxBatches = maxBatches;
    this.#retries = new Backoff();
    this.#progress = new ProgressWatch({ clock: context.clock, hasWork: () => this.#running.size > 0 });
  }

  start(): void {
    this.#progress.start();
    this.#loops = this.#read();
    this.#planClaim();
  }

  /** Reads no more and finishes what it has; what can't be recorded now stays in the stream, for another worker. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#progress.stop();
    clearTimeout(this.#claimTimer);
    this.#retries.stop();
    this.#roomMade?.();
    await this.#loops;
    await Promise.all(this.#running);
  }

  /** For how long batches have been under way, of which none came to its end; 0 = it moves. */
  stalledMs(): Milliseconds {
    return this.#progress.stalledMs();
  }

  async #read(): Promise<void> {
    while (!this.#stopping) {
      try {
        const entries = await this.#stream.read(MAX_BATCH, READ_WAIT_MS);
        this.#retries.reset();
        if (entries.length > 0) this.#begin(entries);
        await this.#room(entries.length === MAX_BATCH);
      } catch (error) {
        if (this.#stopping) return;
        this.#context.log.warn('Events could not be read from the stream, trying again', {}, error);
        await this.#retries.pause();
      }
    }
  }

  /** Resolves when another batch may be read. */
  async #room(wasFull: boolean): Promise<void> {
    const most = wasFull ? this.#maxBatches : Math.min(MAX_SMALL_BATCHES, this.#maxBatches);
    while (!this.#stopping && (this.#running.size >= most || this.#bytes > MAX_BYTES)) {
      await new Promise<void>((resolve) => {
        this.#roomMade = resolve;
      });
    }
  }

  #planClaim(): void {
    if (this.#stopping) return;
    this.#claimTimer = setTimeout(() => void this.#claim().finally(() => this.#planClaim()), CLAIM_PAUSE_MS).unref();
  }

  #mayClaim(): boolean {
    // Who waits for the record has enough of his own.
    const { failing } = this.#retries;
    return !this.#stopping && !failing && this.#running.size < this.#maxBatches && this.#bytes <= MAX_BYTES;
  }

  async #claim(): Promise<void> {
    try {
      while (this.#mayClaim()) {
        const entries = await this.#stream.claim(MAX_BATCH);
        if (entries.length === 0) return;
        this.#context.log.info(`Took over ${entries.length} events that another worker had left`);
        this.#begin(entries);
      }
    } catch (error) {
      this.#context.log.debug('Could not look for what other workers left', { error: String(error) });
    }
  }

  #begin(entries: readonly StreamEntry[]): void {
    const bytes = entries.reduce((sum, { content }) => sum + ('event' in content ? content.event.data.length : 0), 0);
    this.#bytes += bytes;
    const running = this.process(entries)
      .catch((error: unknown) => this.#fault('A batch of events could not be recorded', {}, error))
      .finally(() => {
        this.#bytes -= bytes;
        this.#running.delete(running);
        this.#progress.moved();
        this.#roomMade?.();
      });
    this.#running.add(running);
  }

  /** One batch from reading to acknowledgement. Resolves when all of it is done, or when the station stops. */
  async process(entries: readonly StreamEntry[]): Promise<void> {
    const routed = (await Promise.all(entries.map((entry) => this.#route(entry)))).filter((item) => item !== undefined);
    const ordered = routed.filter(isOrdered);
    const free = ordered.length === 0 ? routed : routed.filter((item) => !isOrdered(item));
    await Promise.all([this.#recordAll(free), this.#recordInOrder(ordered)]);
  }

  /** Other workers may have what was accepted before: it goes first, or a later event would overtake it. */
  async #recordInOrder(routed: readonly Routed[]): Promise<void> {
    const [first] = routed;
    if (first === undefined) return;
    for (let pauseMs = FIRST_TURN_PAUSE_MS; !this.#stopping; pauseMs = Math.min(pauseMs * 2, LONGEST_TURN_PAUSE_MS)) {
      if (await this.#untilItWorks(() => this.#stream.isFirst(first.entry))) break;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    if (!this.#stopping) await this.#recordAll(routed);
  }

  async #route(entry: StreamEntry): Promise<Routed | undefined> {
    if ('defect' in entry.content) {
      await this.#bury(entry, entry.content.defect);
      return undefined;
    }
    const { event } = entry.content;
    try {
      const deliveries = await this.#untilItWorks(async () => this.#fanOut(event, this.#idsOf(entry)), isItemError);
      return deliveries === undefined ? undefined : { entry, event, deliveries };
    } catch (error) {
      this.#fault('Fan-out failed for an event', { event_id: event.id }, error);
      return undefined;
    }
  }

  /** What an unexpected error concerns stays in the stream, unacknowledged: it is claimed again after a while. */
  #fault(what: string, fields: LogFields, error: unknown): void {
    this.#context.metrics.fault('recording');
    this.#context.log.error(`${what}: it stays in the stream and is tried again, all others go on`, fields, error);
  }

  /** In the order of acceptance, whichever worker makes them. A place that can't be true is left aside. */
  #idsOf({ place }: StreamEntry): (() => DeliveryId) | undefined {
    const ageMs = this.#context.clock.now() - place.ms;
    return ageMs > -PLACE_SKEW_MS && ageMs < PLACE_MAX_AGE_MS ? () => idAt(place, fewRandomBytes(8)) : undefined;
  }

  async #recordAll(routed: readonly Routed[]): Promise<void> {
    if (routed.length === 0) return;
    const startedAt = this.#context.clock.now();
    try {
      const done = await this.#untilItWorks(async () => {
        await this.#record.record(routed);
        return true;
      }, isItemError);
      if (done === undefined) return;
    } catch (error) {
      await this.#isolate(routed, error);
      return;
    }
    const endedAt = this.#context.clock.now();
    this.#context.metrics.group('record', routed.length);
    for (const { event } of routed) {
      const ageMs = this.#age(event);
      logPersisted(this.#context.log, event.id, ageMs);
      this.#context.metrics.persisted(ageMs);
      this.#context.tracer.persisted(event, startedAt, endedAt);
    }
    this.#activity.publish(routed.map(({ event }) => ({ kind: 'event', event })));
    await this.#announce(routed);
    await this.#untilItWorks(async () => {
      await this.#stream.acknowledge(routed.map(({ entry }) => entry));
      return true;
    });
  }

  /** Halves it until the one that fails stands alone: of 200 that takes 15 calls. Only what its own content causes buries it. */
  async #isolate(routed: readonly Routed[], error: unknown): Promise<void> {
    const [first] = routed;
    if (routed.length === 1 && first !== undefined) {
      if (error instanceof RecordRefused) await this.#bury(first.entry, error.message);
      else this.#fault('An event could not be recorded', { event_id: first.event.id }, error);
      return;
    }
    const half = Math.ceil(routed.length / 2);
    await this.#recordAll(routed.slice(0, half));
    await this.#recordAll(routed.slice(half));
  }

  async #bury(entry: StreamEntry, reason: string): Promise<void> {
    this.#context.log.error(`An event can't be recorded and was put aside: ${reason}`, { stream_entry: entry.id });
    await this.#untilItWorks(async () => {
      await this.#stream.moveToDeadLetters([{ entry, reason }]);
      return true;
    });
  }

  async #announce(routed: readonly Routed[]): Promise<void> {
    const organizationIds = [...new Set<OrganizationId>(routed.map(({ event }) => event.organizationId))];
    await this.#context.bus.publish({ kind: 'events_available', organizationIds });
  }

  #age(event: AcceptedEvent): Milliseconds {
    return Math.max(0, this.#context.clock.now() - event.createdAt);
  }

  /**
   * @param isFinal errors that trying again won't mend: they are thrown
   * @returns undefined when the station stops before it worked
   */
  async #untilItWorks<Value>(
    call: () => Promise<Value>,
    isFinal: (error: unknown) => boolean = () => false,
  ): Promise<Value | undefined> {
    while (true) {
      try {
        const value = await call();
        this.#retries.reset();
        return value;
      } catch (error) {
        if (isFinal(error)) throw error;
        if (this.#stopping) return undefined;
        this.#context.log.warn('Events wait for the record, trying again', {}, error);
        await this.#retries.pause();
      }
    }
  }
}

function isOrdered({ deliveries }: Routed): boolean {
  return deliveries.some(({ orderingGroup }) => orderingGroup !== null);
}
