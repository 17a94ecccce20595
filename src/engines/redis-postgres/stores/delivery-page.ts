import type { Delivery } from '../../../core/delivery/delivery.ts';
import { deliveryFromRow } from '../../rows/delivery-row.ts';
import type { DeliveryPage } from '../../stores/deliveries/index.ts';
import type { Database } from '../database/index.ts';

/** For this organization: where another has nearly all deliveries, a plan for any goes through those. */
const OPTIONS = { idempotent: true, plannedEachTime: true };

/** Reads a page of deliveries: one statement, which takes a page of each status and keeps the newest. */
export async function readDeliveryPage(database: Database, page: DeliveryPage): Promise<Delivery[]> {
  const { organizationId, endpointId, statuses, from, before, type, limit } = page;
  const rest = [statuses, from, before, type, limit];
  const rows =
    endpointId === null
      ? await database.query('list-deliveries', [organizationId, ...rest], OPTIONS)
      : await database.query('list-deliveries-of-endpoint', [organizationId, endpointId, ...rest], OPTIONS);
  return rows.map(deliveryFromRow);
}
