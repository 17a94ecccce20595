import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { EventId, OrganizationId } from '../../../core/ids.ts';
import { MAX_DELIVERIES_OF_EVENT } from '../../../core/limits.ts';
import type { ApiParts } from '../../context.ts';
import { DELIVERY_PIECE_ROWS, type Piece, readLong, readRows } from '../../http/lists/index.ts';

/**
 * Reads an event's deliveries, oldest first; the newest `MAX_DELIVERIES_OF_EVENT` if there are more. An event may have a
 * delivery for each of 10,000 endpoints, and more by replays. Few are read at once, as any single resource; more are a long
 * read, in pieces. Throws the problem `unavailable` if too many long reads wait.
 */
export async function readDeliveriesOf(
  { engine, reads }: Pick<ApiParts, 'engine' | 'reads'>,
  organizationId: OrganizationId,
  eventId: EventId,
): Promise<readonly Delivery[]> {
  const wanted = { eventId, endpointId: null, status: null, type: null, from: null, to: null };
  const read = ({ limit, after }: Omit<Piece, 'maxBytes'>) =>
    engine.store.deliveries.list(organizationId, { ...wanted, limit, after });
  const newest = await read({ limit: DELIVERY_PIECE_ROWS, after: null });
  if (newest.length < DELIVERY_PIECE_ROWS) return newest.toReversed();
  const rest = { limit: MAX_DELIVERIES_OF_EVENT - newest.length, after: newest.at(-1)?.id ?? null };
  const reader = { read, idOf: ({ id }: Delivery) => id, dataOf: () => null, pieceRows: DELIVERY_PIECE_ROWS };
  const { rows } = await readLong(reads, organizationId, () => readRows(reads, organizationId, rest, reader));
  return [...newest, ...rows].toReversed();
}
