import {
  type Attempt,
  type AttemptSummary,
  DELIVERY_STATUSES,
  type Delivery,
} from '../../../core/delivery/delivery.ts';
import { isEventType } from '../../../core/events/event-type.ts';
import { type DeliveryId, type EventId, isUuid, type OrganizationId, uuidv7Time } from '../../../core/ids.ts';
import type { DeliveryQuery, DeliveryStore } from '../../../ports/store/delivery-store.ts';
import { attemptFromRow, attemptSummaryFromRow, deliveryFromRow } from '../../rows/delivery-row.ts';
import type { Row } from '../../rows/row.ts';
import { type Database, idRange, lowestDeliveryId } from '../database/index.ts';

export class PostgresDeliveryStore implements DeliveryStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(organizationId: OrganizationId, id: DeliveryId): Promise<Delivery | undefined> {
    if (!isUuid(id)) return undefined;
    const [row] = await this.#read('get-delivery', [organizationId, id]);
    return row === undefined ? undefined : deliveryFromRow(row);
  }

  async list(organizationId: OrganizationId, query: DeliveryQuery): Promise<Delivery[]> {
    const { status, endpointId, eventId, type, limit } = query;
    if ([endpointId, eventId].some((id) => id !== null && !isUuid(id))) return [];
    // As of ids: no delivery has it; PostgreSQL refuses a NUL even to compare.
    if (type !== null && !isEventType(type)) return [];
    const { from, before } = idRange(query);
    const statuses = status === null ? DELIVERY_STATUSES : [status];
    if (eventId !== null) {
      const first = lowestDeliveryId(uuidv7Time(eventId));
      const range = [later(first, from), before];
      const rest = [statuses, endpointId, type, limit];
      return this.#list('list-deliveries-of-event', [organizationId, eventId, ...range, ...rest]);
    }
    return endpointId === null
      ? this.#list('list-deliveries', [organizationId, statuses, from, before, type, limit])
      : this.#list('list-deliveries-of-endpoint', [organizationId, endpointId, statuses, from, before, type, limit]);
  }

  async ofEvent(organizationId: OrganizationId, eventId: EventId): Promise<Delivery[]> {
    if (!isUuid(eventId)) return [];
    return this.#list('deliveries-of-event', [organizationId, eventId, lowestDeliveryId(uuidv7Time(eventId))]);
  }

  async attempts(organizationId: OrganizationId, id: DeliveryId): Promise<Attempt[]> {
    if (!isUuid(id)) return [];
    return (await this.#read('attempts-of-delivery', [organizationId, id])).map(attemptFromRow);
  }

  async attemptsOf(deliveries: readonly Delivery[]): Promise<AttemptSummary[]> {
    const ids = deliveries.map(({ id }) => id).sort();
    const [first, last] = [ids[0], ids.at(-1)];
    if (first === undefined) return [];
    return (await this.#read('attempts-of-deliveries', [ids, first, last])).map(attemptSummaryFromRow);
  }

  async #list(name: string, parameters: readonly unknown[]): Promise<Delivery[]> {
    // For this organization: where another has nearly all deliveries, a plan for any goes through those.
    const options = { idempotent: true, plannedEachTime: true };
    return (await this.#database.query(name, parameters, options)).map(deliveryFromRow);
  }

  #read(name: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.#database.query(name, parameters, { idempotent: true });
  }
}

function later(one: string, other: string): string {
  return one > other ? one : other;
}
