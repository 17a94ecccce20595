import {
  type Attempt,
  type AttemptSummary,
  DELIVERY_STATUSES,
  type Delivery,
  type DeliveryStatus,
} from '../../../core/delivery/delivery.ts';
import { isEventType } from '../../../core/events/event-type.ts';
import {
  type DeliveryId,
  type EndpointId,
  type EventId,
  isUuid,
  type OrganizationId,
  uuidv7Time,
} from '../../../core/ids.ts';
import type { DeliveryQuery, DeliveryStore } from '../../../ports/store/delivery-store.ts';
import { attemptFromRow, attemptSummaryFromRow, deliveryFromRow } from '../../rows/delivery-row.ts';
import { idRange, lowestDeliveryId } from '../../rows/id-range.ts';
import type { StatementRunner } from '../statements/index.ts';

/** A page of deliveries, newest first, of some statuses: each engine walks its indexes in its own way. */
export interface DeliveryPage {
  readonly organizationId: OrganizationId;
  readonly endpointId: EndpointId | null;
  readonly statuses: readonly DeliveryStatus[];
  readonly from: string;
  readonly before: string;
  readonly type: string | null;
  readonly limit: number;
}

export class SqlDeliveryStore implements DeliveryStore {
  readonly #page: (page: DeliveryPage) => Promise<Delivery[]>;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(runner: StatementRunner, page: (page: DeliveryPage) => Promise<Delivery[]>) {
    this.#page = page;
    this.#statements = prepare(runner);
  }

  get(organizationId: OrganizationId, id: DeliveryId): Promise<Delivery | undefined> {
    return this.#statements.get(organizationId, id);
  }

  async list(organizationId: OrganizationId, query: DeliveryQuery): Promise<Delivery[]> {
    const { status, endpointId, eventId, type, limit } = query;
    if ([endpointId, eventId].some((id) => id !== null && !isUuid(id))) return [];
    // As of ids: no delivery has it; PostgreSQL refuses a NUL even to compare.
    if (type !== null && !isEventType(type)) return [];
    const { from, before } = idRange(query);
    if (eventId === null) {
      const statuses = status === null ? DELIVERY_STATUSES : [status];
      return this.#page({ organizationId, endpointId, statuses, from, before, type, limit });
    }
    const first = lowestDeliveryId(uuidv7Time(eventId));
    const range = [later(first, from), before];
    return this.#statements.listOfEvent(organizationId, eventId, ...range, status, endpointId, type, limit);
  }

  async ofEvent(organizationId: OrganizationId, eventId: EventId): Promise<Delivery[]> {
    if (!isUuid(eventId)) return [];
    return this.#statements.ofEvent(organizationId, eventId, lowestDeliveryId(uuidv7Time(eventId)));
  }

  attempts(organizationId: OrganizationId, id: DeliveryId): Promise<Attempt[]> {
    return this.#statements.attempts(organizationId, id);
  }

  async attemptsOf(deliveries: readonly Delivery[]): Promise<AttemptSummary[]> {
    const ids = deliveries.map(({ id }) => id).sort();
    const [first, last] = [ids[0], ids.at(-1)];
    return first === undefined || last === undefined ? [] : this.#statements.attemptsOf(ids, first, last);
  }
}

function later(one: string, other: string): string {
  return one > other ? one : other;
}

function prepare(runner: StatementRunner) {
  // For this organization: where another has nearly all deliveries, a plan for any goes through those.
  const plannedEachTime = true;
  return {
    get: runner.one('get-delivery', deliveryFromRow, { givenId: 2 }),
    listOfEvent: runner.all('list-deliveries-of-event', deliveryFromRow, { plannedEachTime }),
    ofEvent: runner.all('deliveries-of-event', deliveryFromRow, { plannedEachTime }),
    attempts: runner.all('attempts-of-delivery', attemptFromRow, { givenId: 2 }),
    attemptsOf: runner.all('attempts-of-deliveries', attemptSummaryFromRow),
  };
}
