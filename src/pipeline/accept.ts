import type { AcceptedEvent } from '../core/event.ts';
import type { EventInput } from '../core/event-request.ts';
import type { EventId, IdSource, OrganizationId } from '../core/ids.ts';
import type { ActivityFeed } from '../ports/activity.ts';
import type { Clock } from '../ports/clock.ts';
import type { AcceptOutcome, Intake } from '../ports/intake.ts';
import type { Log } from '../ports/log.ts';
import { logPersisted } from './persisted-log.ts';

/** Where an event came from, beside what its client said of it. */
export interface Origin {
  readonly organizationId: OrganizationId;
  readonly traceparent: string | null;
  readonly hops: number;
}

export interface Acceptance {
  readonly event: AcceptedEvent;
  readonly outcome: AcceptOutcome;
}

/**
 * The first station: gives an event its id and time and makes it durable. Whoever gets `accepted` from here may answer
 * 202.
 */
export class AcceptStation {
  readonly #intake: Intake;
  readonly #ids: IdSource;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #activity: ActivityFeed;
  readonly #intakeIsRecord: boolean;

  /** @param parts.intakeIsRecord accepting puts the event into the record itself, no worker does later */
  constructor(parts: {
    intake: Intake;
    ids: IdSource;
    clock: Clock;
    log: Log;
    activity: ActivityFeed;
    intakeIsRecord: boolean;
  }) {
    this.#intake = parts.intake;
    this.#ids = parts.ids;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#activity = parts.activity;
    this.#intakeIsRecord = parts.intakeIsRecord;
  }

  /** Rejects with `EngineUnavailable`; the event is not there then. */
  async accept(input: EventInput, origin: Origin): Promise<Acceptance> {
    const startedAt = this.#clock.monotonicMs();
    const event: AcceptedEvent = {
      id: this.#ids.next<EventId>(),
      organizationId: origin.organizationId,
      type: input.type,
      data: input.data,
      dedupId: input.dedupId,
      orderingKey: input.orderingKey,
      deliverAt: input.deliverAt,
      createdAt: this.#clock.now(),
      traceparent: origin.traceparent,
      hops: origin.hops,
    };
    const [outcome] = await this.#intake.accept([event]);
    if (outcome === undefined) throw new Error('the intake answered no outcome');
    if (outcome.kind === 'accepted' && this.#intakeIsRecord) {
      logPersisted(this.#log, event.id, this.#clock.monotonicMs() - startedAt);
      this.#activity.publish([{ kind: 'event', event }]);
    }
    return { event, outcome };
  }
}
