import type { AcceptedEvent } from '../../../core/events/event.ts';
import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../../../core/ids.ts';
import { addMs, type Timestamp, timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ClaimedDelivery, ClaimedLane, LaneDemand } from '../../../ports/record/delivery-queue.ts';
import { dueAtOf } from '../../rows/delivery-row.ts';
import { eventFromRow } from '../../rows/event-row.ts';
import { number, numberOrNull, type Row, text, textOrNull } from '../../rows/row.ts';
import type { Connection } from '../database/index.ts';
import type { WriteEffects } from '../write-queue/index.ts';
import { LaneRates } from './lane-rates.ts';
import { OrderingGroups } from './ordering-groups.ts';

/** When to retry a lane at its concurrency limit; its own settlements wake it sooner. */
const FULL_PAUSE_MS = 1_000;

/** Claims due deliveries of lanes, within a transaction. */
export class LaneClaims {
  readonly #rates: LaneRates;
  readonly #groups: OrderingGroups;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(writer: Connection, clock: Clock) {
    this.#rates = new LaneRates(clock);
    this.#groups = new OrderingGroups(writer);
    this.#statements = prepare(writer);
  }

  claim(demands: readonly LaneDemand[], now: Timestamp, effects: WriteEffects): ClaimedLane[] {
    // An event goes to many endpoints: its payload is read once per call and shared.
    const events = new Map<EventId, AcceptedEvent>();
    return demands.map((demand) => this.#claimLane(demand, { now, events, effects }));
  }

  #claimLane(demand: LaneDemand, { now, events, effects }: ClaimCall): ClaimedLane {
    const { endpointId, leaseMs, limits } = demand;
    const { limit, retryAt } = this.#bounded(demand, now);
    const { expired, retries, firstAttempts, lease, nextDue } = this.#statements;
    const rows: Row[] = expired.all(endpointId, now, limit);
    for (const row of rows) this.#recordInterrupted(row);
    if (rows.length < limit) rows.push(...retries.all(endpointId, now, limit - rows.length));
    if (rows.length < limit) rows.push(...firstAttempts.all(endpointId, limit - rows.length));
    const leasedUntil = addMs(now, leaseMs);
    const deliveries: ClaimedDelivery[] = [];
    for (const row of rows) {
      const id = text<DeliveryId>(row, 'id');
      const organizationId = text<OrganizationId>(row, 'organization_id');
      const event = this.#event(organizationId, text(row, 'event_id'), events);
      if (event === undefined) {
        this.#endOrphan({ organizationId, id, endpointId }, now, effects);
        continue;
      }
      lease.run(id, leasedUntil, now);
      const attemptNumber = number<number>(row, 'attempts') + 1;
      const failures = number<number>(row, 'failures');
      const origin = textOrNull<'replay'>(row, 'origin');
      const known = { id, organizationId, endpointId, event, attemptNumber, failures, origin, leasedUntil };
      deliveries.push({ ...known, ...dueAtOf(row) });
    }
    const next = nextDue.get(endpointId);
    const nextAt = next === undefined ? null : numberOrNull<Timestamp>(next, 'at');
    const ratePerSecond = limits?.ratePerSecond ?? null;
    if (ratePerSecond === null) return { endpointId, deliveries, nextDueAt: latest(nextAt, retryAt) };
    this.#rates.spend(endpointId, deliveries.length);
    const rateAt = addMs(now, this.#rates.waitMs(endpointId, ratePerSecond));
    return { endpointId, deliveries, nextDueAt: latest(nextAt, retryAt, rateAt) };
  }

  /** Applies the lane's limits to a demand. @returns the remaining limit, and when to retry if it is 0 */
  #bounded({ endpointId, limit, limits }: LaneDemand, now: Timestamp) {
    if (limits === undefined) return { limit, retryAt: now };
    const { maxLeased, ratePerSecond } = limits;
    const free = maxLeased - number<number>(this.#statements.countLeased.get(endpointId, now) ?? {}, 'leased');
    if (free <= 0) return { limit: 0, retryAt: addMs(now, FULL_PAUSE_MS) };
    const rated = ratePerSecond === null ? limit : this.#rates.available(endpointId, ratePerSecond);
    return { limit: Math.min(limit, free, rated), retryAt: now };
  }

  #recordInterrupted(row: Row): void {
    const claimedAt = timestamp(number(row, 'updated_at'));
    this.#statements.addAttempt.run(
      text(row, 'id'),
      number(row, 'attempts'),
      claimedAt,
      0,
      null,
      'interrupted',
      null,
      null,
    );
  }

  /** Ends a delivery whose event no longer exists as canceled. */
  #endOrphan(
    { organizationId, id, endpointId }: { organizationId: OrganizationId; id: DeliveryId; endpointId: EndpointId },
    now: Timestamp,
    effects: WriteEffects,
  ): void {
    const orderingGroup = textOrNull<string>(this.#statements.state.get(organizationId, id) ?? {}, 'order_group');
    this.#statements.cancel.run(id, now);
    effects.waiting--;
    if (orderingGroup !== null) this.#groups.advance({ endpointId, orderingGroup, deliveryId: id }, effects);
  }

  /** @returns undefined when the event no longer exists */
  #event(organizationId: OrganizationId, id: EventId, events: Map<EventId, AcceptedEvent>): AcceptedEvent | undefined {
    const known = events.get(id);
    if (known !== undefined) return known;
    const row = this.#statements.event.get(organizationId, id);
    if (row === undefined) return undefined;
    const event = eventFromRow(row);
    events.set(id, event);
    return event;
  }
}

/** State shared by all lanes of one call. */
interface ClaimCall {
  readonly now: Timestamp;
  readonly events: Map<EventId, AcceptedEvent>;
  readonly effects: WriteEffects;
}

function latest(nextAt: Timestamp | null, ...limits: readonly Timestamp[]): Timestamp | null {
  return nextAt === null ? null : timestamp(Math.max(nextAt, ...limits));
}

function prepare(writer: Connection) {
  return {
    expired: writer.prepare('claim-expired'),
    retries: writer.prepare('claim-retries'),
    firstAttempts: writer.prepare('claim-first-attempts'),
    lease: writer.prepare('lease-delivery'),
    countLeased: writer.prepare('count-leased'),
    nextDue: writer.prepare('next-due'),
    addAttempt: writer.prepare('add-attempt'),
    event: writer.prepare('get-event'),
    state: writer.prepare('get-delivery-state'),
    cancel: writer.prepare('cancel-delivery'),
  };
}
