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
import type { Backoff } from '../pacing/index.ts';

/** Pauses between checks of whether an ordered event is first in the stream; a batch takes tens of milliseconds. */
const FIRST_ORDER_POLL_MS: Milliseconds = 2;
const LONGEST_ORDER_POLL_MS: Milliseconds = 50;
/** Allowed difference between the clocks of Redis and this process. */
const PLACE_SKEW_MS: Milliseconds = 60_000;
const PLACE_MAX_AGE_MS: Milliseconds = 7 * 86_400_000;

interface Routed extends RoutedEvent {
  readonly entry: StreamEntry;
}

type RecorderContext = Pick<Context, 'clock' | 'log' | 'metrics' | 'tracer' | 'bus'>;

/** The ports that moving events from the stream to the record needs. */
export type RecorderPorts = Pick<WorkerPorts, 'eventStream' | 'eventRecord'> & Pick<Engine, 'activity'>;

/**
 * Moves one batch of stream entries into the record: fans the events out, records them, and only then acknowledges them.
 *
 * States of an entry:
 *   read or claimed → routed → recorded → acknowledged
 *   read → dead letter               the entry is not an event
 *   routed → dead letter             the record refuses the event's content (`RecordRefused`)
 *   routed → left in the stream      unexpected error, or stop; a claim returns the entry later
 * A batch waits while the record is unavailable and retries with a backoff. A record error that one event may cause
 * halves the batch until that event stands alone.
 */
export class BatchRecorder {
  readonly #context: RecorderContext;
  readonly #stream: EventStream;
  readonly #record: EventRecord;
  readonly #activity: ActivityFeed;
  readonly #fanOut: FanOut;
  readonly #backoff: Backoff;
  #stopping = false;

  constructor(context: RecorderContext, ports: RecorderPorts, fanOut: FanOut, backoff: Backoff) {
    this.#context = context;
    this.#stream = ports.eventStream;
    this.#record = ports.eventRecord;
    this.#activity = ports.activity;
    this.#fanOut = fanOut;
    this.#backoff = backoff;
  }

  /** Ends retries: a batch that cannot be recorded now stays in the stream. */
  stop(): void {
    this.#stopping = true;
  }

  /** Processes one batch from fan-out to acknowledgement. Resolves when the batch is done or after `stop`. */
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
      this.reportFault('Fan-out failed for an event', { event_id: event.id }, error);
      return undefined;
    }
  }

  /**
   * Counts and logs an unexpected error. The affected entries stay unacknowledged in the stream and are claimed again
   * later.
   */
  reportFault(message: string, fields: LogFields, error: unknown): void {
    this.#context.metrics.fault('recording');
    this.#context.log.error(`${message}; it stays in the stream and is retried later`, fields, error);
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
      else this.reportFault('An event could not be recorded', { event_id: first.event.id }, error);
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
   * @returns undefined after `stop`
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
        this.#context.log.warn('Events wait for the record, retrying', {}, error);
        await this.#backoff.pause();
      }
    }
  }
}

function isOrdered({ deliveries }: Routed): boolean {
  return deliveries.some(({ orderingGroup }) => orderingGroup !== null);
}
