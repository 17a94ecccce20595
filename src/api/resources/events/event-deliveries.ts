import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { EventId, OrganizationId } from '../../../core/ids.ts';
import { MAX_DELIVERIES_OF_EVENT } from '../../../core/limits.ts';
import type { ApiParts } from '../../context.ts';
import { DELIVERY_PIECE_ROWS, type Piece, readRows } from '../../http/lists/index.ts';

/**
 * Reads an event's deliveries in pieces, oldest first; the newest `MAX_DELIVERIES_OF_EVENT` if there are more. An event may
 * have a delivery for each of 10,000 endpoints, and more by replays. The caller must have a slot (`readLong`).
 */
export async function readDeliveriesOf(
  { engine, reads }: Pick<ApiParts, 'engine' | 'reads'>,
  organizationId: OrganizationId,
  eventId: EventId,
): Promise<readonly Delivery[]> {
  const wanted = { eventId, endpointId: null, status: null, type: null, from: null, to: null };
  const { rows } = await readRows(
    reads,
    organizationId,
    { limit: MAX_DELIVERIES_OF_EVENT, after: null },
    {
      read: ({ limit, after }: Piece) => engine.store.deliveries.list(organizationId, { ...wanted, limit, after }),
      idOf: ({ id }: Delivery) => id,
      dataOf: () => null,
      pieceRows: DELIVERY_PIECE_ROWS,
    },
  );
  return rows.toReversed();
}
