import type { NewDelivery } from '../../../core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../../core/events/event.ts';
import type { EndpointId, EventId } from '../../../core/ids.ts';
import { addMs, type Milliseconds, type Timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { FanOut } from '../../../ports/record/fan-out.ts';
import type { AcceptOutcome, Intake } from '../../../ports/record/intake.ts';
import { number, text } from '../../rows/row.ts';
import type { Connection } from '../database/index.ts';
import { OrderingGroups } from '../delivery-queue/index.ts';
import type { CommittedState, WriteEffects, WriteQueue } from '../write-queue/index.ts';
import type { LateEvents } from './late-events.ts';

/** Calls with more rows are written in steps that yield to the event loop; about 10 ms. */
const MAX_ROWS_AT_ONCE = 1_000;
/** Deliveries claimed by one accepting transaction. */
const MAX_CLAIMED = 100;
/** `Retry-After` when the backlog is full. */
const BACKLOG_RETRY_SECONDS = 5;

const ACCEPTED: AcceptOutcome = { kind: 'accepted' };

type Deliveries = readonly NewDelivery[];

interface IntakeOptions {
  readonly queue: WriteQueue;
  readonly state: CommittedState;
  readonly lateEvents: LateEvents;
  readonly clock: Clock;
  readonly fanOut: FanOut;
  readonly dedupWindowMs: Milliseconds;
  readonly maxBacklog: number | null;
}

export class SqliteIntake implements Intake {
  readonly #options: IntakeOptions;
  readonly #groups: OrderingGroups;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(writer: Connection, options: IntakeOptions) {
    this.#options = options;
    this.#groups = new OrderingGroups(writer);
    this.#statements = prepare(writer);
  }

  async accept(events: readonly AcceptedEvent[]): Promise<AcceptOutcome[]> {
    const fanOut = this.#options.fanOut;
    const first = events.length === 1 ? events[0] : undefined;
    if (first !== undefined) {
      const wanted = fanOut(first);
      const deliveries = 'then' in wanted ? await wanted : wanted;
      if (deliveries.length < MAX_ROWS_AT_ONCE) {
        return this.#options.queue.submit((effects) => [this.#acceptOne(first, deliveries, effects)]);
      }
      return this.#acceptInSteps([first], [deliveries]);
    }
    const wanted = events.map((event) => fanOut(event));
    const deliveries = wanted.every((answer): answer is Deliveries => !('then' in answer))
      ? wanted
      : await Promise.all(wanted);
    const rows = deliveries.reduce((sum, of) => sum + of.length, events.length);
    if (rows > MAX_ROWS_AT_ONCE) return this.#acceptInSteps(events, deliveries);
    return this.#options.queue.submit((effects) =>
      events.map((event, at) => this.#acceptOne(event, deliveries[at] ?? [], effects)),
    );
  }

  #acceptInSteps(events: readonly AcceptedEvent[], deliveries: readonly Deliveries[]): Promise<AcceptOutcome[]> {
    const acceptOne = this.#acceptOne.bind(this);
    return this.#options.queue.submitSteps(function* (effects) {
      const outcomes: AcceptOutcome[] = [];
      for (const [at, event] of events.entries()) {
        outcomes.push(acceptOne(event, deliveries[at] ?? [], effects));
        yield;
      }
      return outcomes;
    });
  }

  #acceptOne(event: AcceptedEvent, deliveries: Deliveries, effects: WriteEffects): AcceptOutcome {
    const { maxBacklog, state, lateEvents } = this.#options;
    const full = maxBacklog !== null && state.waiting + effects.waiting >= maxBacklog;
    if (event.dedupId !== null) {
      const duplicate = full ? this.#findMark(event) : this.#mark(event);
      if (duplicate !== undefined) return duplicate;
    }
    if (full) return { kind: 'backlog_full', retryAfterSeconds: BACKLOG_RETRY_SECONDS };
    const { id, organizationId, type } = event;
    const { changes } = this.#statements.event.run(
      id,
      organizationId,
      type,
      event.data,
      event.dedupId,
      event.orderingKey,
      event.deliverAt,
      event.createdAt,
      event.traceparent,
      event.hops,
    );
    // The event is stored already, with its deliveries: the first answer was lost.
    if (changes === 0) return ACCEPTED;
    lateEvents.accepted(event);
    effects.availableOrganizations.add(organizationId);
    for (const delivery of deliveries) this.#addDelivery(event, delivery, effects);
    return ACCEPTED;
  }

  #addDelivery(event: AcceptedEvent, made: NewDelivery, effects: WriteEffects): void {
    const { id, endpointId, status, orderingGroup } = made;
    const { organizationId } = event;
    const waits = status === 'pending';
    const isDue =
      waits && (orderingGroup === null || this.#groups.enter({ endpointId, orderingGroup, deliveryId: id }));
    const dueAt = isDue ? (event.deliverAt ?? 0) : null;
    const row = [id, organizationId, event.id, endpointId, event.type, status] as const;
    if (waits) effects.waiting++;
    const leasedUntil = dueAt === 0 && orderingGroup === null ? this.#lease(endpointId, effects) : null;
    if (leasedUntil === null) {
      this.#statements.delivery.run(...row, dueAt, event.createdAt, orderingGroup, null);
      if (isDue) effects.dueEndpoints.add(endpointId);
      return;
    }
    this.#statements.claimedDelivery.run(...row, leasedUntil, event.createdAt);
    effects.claim({ id, organizationId, endpointId, event, attemptNumber: 1, failures: 0, origin: null, leasedUntil });
  }

  /** Claims a new delivery. @returns the end of its lease; null when it must wait in the lane */
  #lease(endpointId: EndpointId, effects: WriteEffects): Timestamp | null {
    const { state, clock } = this.#options;
    if (!effects.canClaim || effects.dueEndpoints.has(endpointId) || effects.claimed.length >= MAX_CLAIMED) return null;
    const room = state.acceptClaimer?.room(endpointId) ?? null;
    if (room === null || effects.claimsOf(endpointId) >= room.limit) return null;
    return addMs(clock.now(), room.leaseMs);
  }

  /** Sets the event's dedup mark. @returns the duplicate's outcome if another event has the mark */
  #mark(event: AcceptedEvent): AcceptOutcome | undefined {
    const now = this.#options.clock.now();
    const { organizationId, dedupId, id, createdAt } = event;
    const expiresAt = now + this.#options.dedupWindowMs;
    const { changes } = this.#statements.mark.run(organizationId, dedupId, id, createdAt, expiresAt, now);
    return changes === 0 ? this.#findMark(event) : undefined;
  }

  #findMark(event: AcceptedEvent): AcceptOutcome | undefined {
    const mark = this.#statements.findMark.get(event.organizationId, event.dedupId, this.#options.clock.now());
    if (mark === undefined) return undefined;
    const id = text<EventId>(mark, 'event_id');
    return id === event.id ? ACCEPTED : { kind: 'duplicate', id, createdAt: number<Timestamp>(mark, 'created_at') };
  }
}

function prepare(writer: Connection) {
  return {
    event: writer.prepare('accept-event'),
    delivery: writer.prepare('accept-delivery'),
    claimedDelivery: writer.prepare('accept-claimed-delivery'),
    mark: writer.prepare('mark-dedup-id'),
    findMark: writer.prepare('find-dedup-mark'),
  };
}
