import {
  type Attempt,
  type AttemptSummary,
  DELIVERY_STATUSES,
  type Delivery,
} from '../../../core/delivery/delivery.ts';
import type { DeliveryId, EventId, OrganizationId } from '../../../core/ids.ts';
import type { DeliveryQuery, DeliveryStore } from '../../../ports/store/delivery-store.ts';
import { attemptFromRow, attemptSummaryFromRow, deliveryFromRow } from '../../rows/delivery-row.ts';
import { idRange, type ReadConnection } from '../database/index.ts';

export class SqliteDeliveryStore implements DeliveryStore {
  readonly #reader: ReadConnection;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(reader: ReadConnection) {
    this.#reader = reader;
    this.#statements = prepare(reader);
  }

  get(organizationId: OrganizationId, id: DeliveryId): Promise<Delivery | undefined> {
    return this.#reader.read(() => this.#get(organizationId, id));
  }

  list(organizationId: OrganizationId, query: DeliveryQuery): Promise<Delivery[]> {
    return this.#reader.read(() => this.#list(organizationId, query).map(deliveryFromRow));
  }

  ofEvent(organizationId: OrganizationId, eventId: EventId): Promise<Delivery[]> {
    return this.#reader.read(() => this.#statements.ofEvent.all(organizationId, eventId).map(deliveryFromRow));
  }

  attempts(organizationId: OrganizationId, id: DeliveryId): Promise<Attempt[]> {
    return this.#reader.read(() =>
      this.#get(organizationId, id) === undefined ? [] : this.#statements.attempts.all(id).map(attemptFromRow),
    );
  }

  attemptsOf(deliveries: readonly Delivery[]): Promise<AttemptSummary[]> {
    const ids = JSON.stringify(deliveries.map(({ id }) => id));
    return this.#reader.read(() => this.#statements.attemptsOf.all(ids).map(attemptSummaryFromRow));
  }

  #get(organizationId: OrganizationId, id: DeliveryId): Delivery | undefined {
    const row = this.#statements.get.get(id);
    const delivery = row === undefined ? undefined : deliveryFromRow(row);
    return delivery?.organizationId === organizationId ? delivery : undefined;
  }

  #list(organizationId: OrganizationId, query: DeliveryQuery) {
    const { from, before } = idRange(query);
    const { status, endpointId, eventId, type, limit } = query;
    if (eventId !== null) {
      return this.#statements.listOfEvent.all(organizationId, eventId, from, before, status, endpointId, type, limit);
    }
    // The indexes are ordered within a status: a list over all of them takes a page of each and keeps the newest.
    const pages = (status === null ? DELIVERY_STATUSES : [status]).map((one) =>
      endpointId === null
        ? this.#statements.list.all(organizationId, one, from, before, type, limit)
        : this.#statements.listOfEndpoint.all(organizationId, endpointId, one, from, before, type, limit),
    );
    return pages
      .flat()
      .sort((a, b) => (String(a['id']) < String(b['id']) ? 1 : -1))
      .slice(0, limit);
  }
}

function prepare(reader: ReadConnection) {
  return {
    get: reader.prepare('get-delivery'),
    list: reader.prepare('list-deliveries'),
    listOfEndpoint: reader.prepare('list-deliveries-of-endpoint'),
    listOfEvent: reader.prepare('list-deliveries-of-event'),
    ofEvent: reader.prepare('deliveries-of-event'),
    attempts: reader.prepare('attempts-of-delivery'),
    attemptsOf: reader.prepare('attempts-of-deliveries'),
  };
}
