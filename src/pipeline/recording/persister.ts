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

/** Entries per read: enough to amortize a round trip, few enough that 200 payloads of 256 KiB fit in memory. */
const MAX_BATCH = 200;
/** Payload bytes in progress over all batches. */
const MAX_BYTES = 32 * 1024 * 1024;
/**
 * Maximum number of concurrent batches that are not full. More batches run in parallel only when they are full;
 * otherwise entries wait and the next batch grows.
 */
const MAX_SMALL_BATCHES = 2;
const READ_WAIT_MS: Milliseconds = 2_000;
/** Pause between scans for entries whose worker died. */
const CLAIM_PAUSE_MS: Milliseconds = 5_000;

/** Pauses between checks of whether an ordered event is first in the stream; a batch takes tens of milliseconds. */
const FIRST_ORDER_POLL_MS: Milliseconds = 2;
const LONGEST_ORDER_POLL_MS: Milliseconds = 50;
/** Allowed difference between the clocks of Redis and this process. */
const PLACE_SKEW_MS: Milliseconds = 60_000;
const PLACE_MAX_AGE_MS: Milliseconds = 7 * 86_400_000;

interface Routed extends RoutedEvent {
  readonly entry: StreamEntry;
}

/**
 * Moves events from the stream to the record: reads a batch, fans it out, records it, and only then acknowledges it. Up
 * to `maxBatches` batches run in parallel.
 *
 * States of an entry:
 *   read or claimed → routed → recorded → acknowledged
 *   read → dead letter               the entry is not an event
 *   routed → dead letter             the record refuses the event's content (`RecordRefused`)
 *   routed → left in the stream      unexpected error, or stop; `claim` returns the entry later
 * A batch waits while the record is unavailable and retries with a backoff. A record error that one event may cause
 * halves the batch until that event stands alone.
 */
export class Persister {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics' | 'tracer' | 'bus'>;
  readonly #stream: EventStream;
  readonly #record: EventRecord;
  readonly #fanOut: FanOut;
  readonly #activity: ActivityFeed;
  readonly #maxBatches: number;
  readonly #backoff: Backoff;
  readonly #progress: ProgressWatch;
  readonly #running = new Set<Promise<void>>();
  #loops: Promise<unknown> = Promise.resolve();
  #onRoom: (() => void) | undefined;
  #bytes = 0;
  #stopping = false;
  #claimTimer: NodeJS.Timeout | undefined;

  /** @param maxBatches the setting `MAX_CONCURRENT_EVENTS` */
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
    this.#backoff = new Backoff();
    this.#progress = new ProgressWatch({ clock: context.clock, hasWork: () => this.#running.size > 0 });
  }

  start(): void {
    this.#progress.start();
    this.#loops = this.#read();
    this.#scheduleClaim();
  }

  /**
   * Stops reading and finishes the running batches. Entries that cannot be recorded now stay in the stream for another
   * worker.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#progress.stop();
    clearTimeout(this.#claimTimer);
    this.#backoff.stop();
    this.#onRoom?.();
    await this.#loops;
    await Promise.all(this.#running);
  }

  /** How long batches have been running without one finishing, in ms; 0 = not stalled. */
  stalledMs(): Milliseconds {
    return this.#progress.stalledMs();
  }

  async #read(): Promise<void> {
    while (!this.#stopping) {
      try {
        const entries = await this.#stream.read(MAX_BATCH, READ_WAIT_MS);
        this.#backoff.reset();
        if (entries.length > 0) this.#startBatch(entries);
        await this.#waitForRoom(entries.length === MAX_BATCH);
      } catch (error) {
        if (this.#stopping) return;
        this.#context.log.warn('Events could not be read from the stream, retrying', {}, error);
        await this.#backoff.pause();
      }
    }
  }

  /** Resolves when the next batch may be read. */
  async #waitForRoom(wasFull: boolean): Promise<void> {
    const limit = wasFull ? this.#maxBatches : Math.min(MAX_SMALL_BATCHES, this.#maxBatches);
    while (!this.#stopping && (this.#running.size >= limit || this.#bytes > MAX_BYTES)) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
    }
  }

  #scheduleClaim(): void {
    if (this.#stopping) return;
    this.#claimTimer = setTimeout(
      () => void this.#claim().finally(() => this.#scheduleClaim()),
      CLAIM_PAUSE_MS,
    ).unref();
  }

  #canClaim(): boolean {
    // A worker that is retrying its own batch does not claim more entries.
    const { failing } = this.#backoff;
    return !this.#stopping && !failing && this.#running.size < this.#maxBatches && this.#bytes <= MAX_BYTES;
  }

  async #claim(): Promise<void> {
    try {
      while (this.#canClaim()) {
        const entries = await this.#stream.claim(MAX_BATCH);
        if (entries.length === 0) return;
        this.#context.log.info(`Claimed ${entries.length} stream entries of a worker that stopped`);
        this.#startBatch(entries);
      }
    } catch (error) {
      this.#context.log.debug('Stream entries of other workers could not be claimed', { error: String(error) });
    }
  }

  #startBatch(entries: readonly StreamEntry[]): void {
    const bytes = entries.reduce((sum, { content }) => sum + ('event' in content ? content.event.data.length : 0), 0);
    this.#bytes += bytes;
    const running = this.process(entries)
      .catch((error: unknown) => this.#reportFault('A batch of events could not be recorded', {}, error))
      .finally(() => {
        this.#bytes -= bytes;
        this.#running.delete(running);
        this.#progress.moved();
        this.#onRoom?.();
      });
    this.#running.add(running);
  }

  /** Processes one batch from fan-out to acknowledgement. Resolves when the batch is done or the persister stops. */
  async process(entries: readonly StreamEntry[]): Promise<void> {
    const routed = (await Promise.all(entries.map((entry) => this.#route(entry)))).filter((item) => item !== undefined);
    const ordered = routed.filter(isOrdered);
    const unordered = ordered.length === 0 ? routed : routed.filter((item) => !isOrdered(item));
    await Promise.all([this.#recordAll(unordered), this.#recordInOrder(ordered)]);
  }

  /**
   * Records ordered events once they are first in the stream: other workers may hold events accepted earlier, and a
   * later event must not overtake them.
   */
  async #recordInOrder(routed: readonly Routed[]): Promise<void> {
    const [first] = routed;
    if (first === undefined) return;
    for (let pauseMs = FIRST_ORDER_POLL_MS; !this.#stopping; pauseMs = Math.min(pauseMs * 2, LONGEST_ORDER_POLL_MS)) {
      if (await this.#retry(() => this.#stream.isFirst(first.entry))) break;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    if (!this.#stopping) await this.#recordAll(routed);
  }

  async #route(entry: StreamEntry): Promise<Routed | undefined> {
    if ('defect' in entry.content) {
      await this.#moveToDeadLetters(entry, entry.content.defect);
      return undefined;
    }
    const { event } = entry.content;
    try {
      const deliveries = await this.#retry(async () => this.#fanOut(event, this.#deliveryIdsOf(entry)), isItemError);
      return deliveries === undefined ? undefined : { entry, event, deliveries };
    } catch (error) {
      this.#reportFault('Fan-out failed for an event', { event_id: event.id }, error);
      return undefined;
    }
  }

  /**
   * Counts and logs an unexpected error. The affected entries stay unacknowledged in the stream and are claimed again
   * later.
   */
  #reportFault(what: string, fields: LogFields, error: unknown): void {
    this.#context.metrics.fault('recording');
    this.#context.log.error(`${what}; it stays in the stream and is retried later`, fields, error);
  }

  /**
   * Returns a source of delivery ids that sort by acceptance order, whichever worker makes them. Undefined when the
   * entry's position has an implausible time.
   */
  #deliveryIdsOf({ place }: StreamEntry): (() => DeliveryId) | undefined {
    const ageMs = this.#context.clock.now() - place.ms;
    return ageMs > -PLACE_SKEW_MS && ageMs < PLACE_MAX_AGE_MS ? () => idAt(place, fewRandomBytes(8)) : undefined;
  }

  async #recordAll(routed: readonly Routed[]): Promise<void> {
    if (routed.length === 0) return;
    const startedAt = this.#context.clock.now();
    try {
      const done = await this.#retry(async () => {
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
    await this.#publishAvailable(routed);
    await this.#retry(async () => {
      await this.#stream.acknowledge(routed.map(({ entry }) => entry));
      return true;
    });
  }

  /**
   * Splits a failing batch in halves until the failing event stands alone: 15 calls for a batch of 200. Only an error
   * caused by the event's content moves it to the dead letters.
   */
  async #isolate(routed: readonly Routed[], error: unknown): Promise<void> {
    const [first] = routed;
    if (routed.length === 1 && first !== undefined) {
      if (error instanceof RecordRefused) await this.#moveToDeadLetters(first.entry, error.message);
      else this.#reportFault('An event could not be recorded', { event_id: first.event.id }, error);
      return;
    }
    const half = Math.ceil(routed.length / 2);
    await this.#recordAll(routed.slice(0, half));
    await this.#recordAll(routed.slice(half));
  }

  async #moveToDeadLetters(entry: StreamEntry, reason: string): Promise<void> {
    this.#context.log.error(`An event cannot be recorded and was moved to the dead letters: ${reason}`, {
      stream_entry: entry.id,
    });
    await this.#retry(async () => {
      await this.#stream.moveToDeadLetters([{ entry, reason }]);
      return true;
    });
  }

  async #publishAvailable(routed: readonly Routed[]): Promise<void> {
    const organizationIds = [...new Set<OrganizationId>(routed.map(({ event }) => event.organizationId))];
    await this.#context.bus.publish({ kind: 'events_available', organizationIds });
  }

  #age(event: AcceptedEvent): Milliseconds {
    return Math.max(0, this.#context.clock.now() - event.createdAt);
  }

  /**
   * Retries `call` with a backoff while the record is unavailable.
   * @param isFinal whether an error will not pass by itself; such an error is thrown
   * @returns undefined when the persister stops first
   */
  async #retry<Value>(
    call: () => Promise<Value>,
    isFinal: (error: unknown) => boolean = () => false,
  ): Promise<Value | undefined> {
    while (true) {
      try {
        const value = await call();
        this.#backoff.reset();
        return value;
      } catch (error) {
        if (isFinal(error)) throw error;
        if (this.#stopping) return undefined;
        this.#context.log.warn('The record is unavailable, retrying', {}, error);
        await this.#backoff.pause();
      }
    }
  }
}

function isOrdered({ deliveries }: Routed): boolean {
  return deliveries.some(({ orderingGroup }) => orderingGroup !== null);
}
