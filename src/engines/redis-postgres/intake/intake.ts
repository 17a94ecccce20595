import { Batcher } from '../../../core/batcher.ts';
import type { AcceptedEvent } from '../../../core/events/event.ts';
import type { EventId } from '../../../core/ids.ts';
import { addMs, type Milliseconds, timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Metrics } from '../../../ports/observability/metrics.ts';
import type { AcceptOutcome, Intake } from '../../../ports/record/intake.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { dedupKey, type Redis, WAITING_KEY, WrongType, wrongType } from '../redis/index.ts';
import { eventFields } from './event-fields.ts';

/** Events per call: a few ms of Redis' single thread. */
const MAX_GROUP_EVENTS = 200;
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
/**
 * Bytes of events that wait for a call in this process. Beyond it Redis is not keeping up, and a queue would only hide
 * that.
 */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** Size of an event without its data. */
const EVENT_BYTES = 500;
/** Marks expire by the engine's clock; Redis removes them a little later. */
const FORGET_MARGIN_MS: Milliseconds = 60_000;
const BACKLOG_RETRY_SECONDS = 5;

const ACCEPTED: AcceptOutcome = { kind: 'accepted' };

interface IntakeOptions {
  readonly redis: Redis;
  readonly clock: Clock;
  readonly dedupWindowMs: Milliseconds;
  /** Maximum number of events in the stream plus deliveries in the lanes; null = unlimited. */
  readonly maxBacklog: number | null;
  readonly metrics?: Metrics;
}

/** Accepts events by writing them to Redis: one script call for all events that gathered during the previous call. */
export class RedisIntake implements Intake {
  readonly #options: IntakeOptions;
  readonly #groups: Batcher<AcceptedEvent, AcceptOutcome | WrongType>;
  readonly #running = new Set<Promise<unknown>>();
  #closing = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#groups = new Batcher((events) => this.#acceptGroup(events), {
      maxItems: MAX_GROUP_EVENTS,
      maxWeight: MAX_GROUP_BYTES,
      weigh: ({ data }) => EVENT_BYTES + data.length,
    });
  }

  /** A call with many events may be split into groups. If a later group fails, repeating the call adds nothing twice. */
  async accept(events: readonly AcceptedEvent[]): Promise<AcceptOutcome[]> {
    if (this.#closing) throw new EngineUnavailable('closing', 'The engine is closing');
    if (this.#groups.weight > MAX_WAITING_BYTES) {
      throw new EngineUnavailable('unreachable', 'Redis does not keep up with incoming events');
    }
    const accepted = Promise.all(events.map((event) => this.#groups.add(event)));
    this.#running.add(accepted);
    try {
      return (await accepted).map(orThrow);
    } finally {
      this.#running.delete(accepted);
    }
  }

  /** Finishes running calls. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled(this.#running);
  }

  async #acceptGroup(events: readonly AcceptedEvent[]): Promise<(AcceptOutcome | WrongType)[]> {
    const { redis, clock, dedupWindowMs, maxBacklog } = this.#options;
    this.#options.metrics?.group('intake', events.length);
    const now = clock.now();
    const head = [now, addMs(now, dedupWindowMs), dedupWindowMs + FORGET_MARGIN_MS, maxBacklog ?? '', events.length];
    const args = head.map(String);
    for (const event of events) {
      const fields = eventFields(event);
      args.push(dedupKey(redis, event) ?? '', event.id, String(event.createdAt), String(fields.length), ...fields);
    }
    const answers = await redis.run('accept-events', [redis.key('events'), redis.key(WAITING_KEY)], args);
    if (!Array.isArray(answers)) throw new TypeError('accept-events did not return a list');
    return answers.map((answer, at) => {
      if (answer !== -1) return outcomeOf(answer);
      const event = events[at];
      const broken = wrongType((event === undefined ? undefined : dedupKey(redis, event)) ?? '');
      redis.reportWrongType(broken);
      return broken;
    });
  }
}

/** Throws for one event alone; other events of its group are accepted. */
function orThrow(outcome: AcceptOutcome | WrongType): AcceptOutcome {
  if (outcome instanceof WrongType) throw outcome;
  return outcome;
}

function outcomeOf(answer: unknown): AcceptOutcome {
  if (answer === 1) return ACCEPTED;
  if (answer === 0) return { kind: 'backlog_full', retryAfterSeconds: BACKLOG_RETRY_SECONDS };
  const [id, createdAt] = String(answer).split(' ');
  return { kind: 'duplicate', id: id as EventId, createdAt: timestamp(Number(createdAt)) };
}
