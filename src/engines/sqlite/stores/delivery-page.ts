import type { Delivery } from '../../../core/delivery/delivery.ts';
import { deliveryFromRow } from '../../rows/delivery-row.ts';
import type { DeliveryPage } from '../../stores/deliveries/index.ts';
import type { ReadConnection } from '../database/index.ts';

/**
 * Reads pages of deliveries. The indexes are ordered within a status, and SQLite has no lateral join: a list over several
 * statuses takes a page of each and keeps the newest.
 */
export class DeliveryPages {
  readonly #reader: ReadConnection;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(reader: ReadConnection) {
    this.#reader = reader;
    this.#statements = prepare(reader);
  }

  read({ organizationId, endpointId, statuses, from, before, type, limit }: DeliveryPage): Promise<Delivery[]> {
    const { ofOrganization, ofEndpoint } = this.#statements;
    return this.#reader.read(() =>
      statuses
        .flatMap((status) =>
          endpointId === null
            ? ofOrganization.all(organizationId, status, from, before, type, limit)
            : ofEndpoint.all(organizationId, endpointId, status, from, before, type, limit),
        )
        .sort((a, b) => (String(a['id']) < String(b['id']) ? 1 : -1))
        .slice(0, limit)
        .map(deliveryFromRow),
    );
  }
}

function prepare(reader: ReadConnection) {
  return {
    ofOrganization: reader.prepare('list-deliveries'),
    ofEndpoint: reader.prepare('list-deliveries-of-endpoint'),
  };
}
