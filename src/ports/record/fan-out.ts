import type { NewDelivery } from '../../core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import type { DeliveryId } from '../../core/ids.ts';

/**
 * Returns the deliveries that an event needs. Implemented by the pipeline and passed to an engine that writes event and
 * deliveries in one step. Synchronous when the endpoints are cached.
 * @param newId makes delivery ids, which must sort by acceptance order
 */
export type FanOut = (
  event: AcceptedEvent,
  newId?: () => DeliveryId,
) => readonly NewDelivery[] | Promise<readonly NewDelivery[]>;
