import type { AcceptedEvent } from '../../core/events/event.ts';
import type { EventInput } from '../../core/events/event-request.ts';
import type { EventId, OrganizationId } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { ActivityFeed } from '../../ports/coordination/activity.ts';
import type { Engine } from '../../ports/engine.ts';
import type { AcceptOutcome, Intake } from '../../ports/record/intake.ts';
import { EngineUnavailable } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';
import { logPersisted } from './persisted-log.ts';

/** Events stored in one step. A small group keeps the wait of events that arrive meanwhile short. */
const MAX_GROUP = 200;

/** The origin of a request: facts that the client's event does not contain. */
export interface Origin {
  readonly organizationId: OrganizationId;
  readonly traceparent: string | null;
  readonly hops: number;
}

export interface Acceptance {
  readonly event: AcceptedEvent;
  readonly outcome: AcceptOutcome;
}

/** Assigns an event its id and time and makes it durable. An outcome `accepted` entitles the caller to answer 202. */
export class EventAcceptor {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics' | 'tracer' | 'ids'>;
  readonly #intake: Intake;
  readonly #activity: ActivityFeed;
  /** True where accepting writes the record itself (embedded engine), so that no worker does. */
  readonly #intakeIsRecord: boolean;

  constructor(
    context: Pick<Context, 'clock' | 'log' | 'metrics' | 'tracer' | 'ids'>,
    engine: Pick<Engine, 'intake' | 'activity' | 'worker'>,
  ) {
    this.#context = context;
    this.#intake = engine.intake;
    this.#activity = engine.activity;
    this.#intakeIsRecord = engine.worker === null;
  }

  /** @throws EngineUnavailable; the event is then not stored */
  async accept(input: EventInput, origin: Origin): Promise<Acceptance> {
    const [acceptance] = await this.#acceptGroup([input], origin);
    if (acceptance === undefined) throw new Error('The intake returned no outcome for an event');
    return acceptance;
  }

  /**
   * Accepts many events in groups, in order. If a group cannot be stored, each of its events gets the error; events
   * with a dedup id may safely be sent again.
   */
  async acceptMany(
    inputs: readonly EventInput[],
    origin: Origin,
  ): Promise<readonly (Acceptance | { readonly error: EngineUnavailable })[]> {
    const groups = Array.from({ length: Math.ceil(inputs.length / MAX_GROUP) }, (_, n) =>
      inputs.slice(n * MAX_GROUP, (n + 1) * MAX_GROUP),
    );
    const answers = await Promise.all(
      groups.map(async (group) => {
        try {
          return await this.#acceptGroup(group, origin);
        } catch (error) {
          if (!(error instanceof EngineUnavailable)) throw error;
          return group.map(() => ({ error }));
        }
      }),
    );
    return answers.flat();
  }

  /** Counts events that failed validation or authorization. */
  countRejected(count: number): void {
    if (count > 0) this.#context.metrics.events('rejected', count);
  }

  async #acceptGroup(inputs: readonly EventInput[], origin: Origin): Promise<Acceptance[]> {
    const startedAt = this.#context.clock.monotonicMs();
    const events = inputs.map((input) => this.#eventOf(input, origin));
    const outcomes = await this.#intake.accept(events);
    const tookMs = this.#context.clock.monotonicMs() - startedAt;
    this.#context.metrics.accept(tookMs);
    this.#context.tracer.accepted(events, outcomes, { tookMs, isRecorded: this.#intakeIsRecord });
    const acceptances = events.map((event, at): Acceptance => {
      const outcome = outcomes[at];
      if (outcome === undefined) throw new Error('The intake returned no outcome for an event');
      this.#context.metrics.events(outcome.kind, 1);
      return { event, outcome };
    });
    if (this.#intakeIsRecord) this.#publishRecorded(acceptances, tookMs);
    return acceptances;
  }

  #publishRecorded(acceptances: readonly Acceptance[], tookMs: Milliseconds): void {
    const accepted = acceptances.filter(({ outcome }) => outcome.kind === 'accepted').map(({ event }) => event);
    for (const { id } of accepted) {
      logPersisted(this.#context.log, id, tookMs);
      this.#context.metrics.persisted(tookMs);
    }
    if (accepted.length > 0) this.#activity.publish(accepted.map((event) => ({ kind: 'event', event })));
  }

  #eventOf(input: EventInput, origin: Origin): AcceptedEvent {
    const id = this.#context.ids.next<EventId>();
    return {
      id,
      organizationId: origin.organizationId,
      type: input.type,
      data: input.data,
      dedupId: input.dedupId,
      orderingKey: input.orderingKey,
      deliverAt: input.deliverAt,
      createdAt: this.#context.clock.now(),
      traceparent: this.#context.tracer.begin(origin.traceparent, id),
      hops: origin.hops,
    };
  }
}
