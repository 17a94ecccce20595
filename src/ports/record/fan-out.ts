import type { NewDelivery } from '../../core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import type { DeliveryId } from '../../core/ids.ts';

/**
 * Which endpoints want an event, as deliveries to be. The pipeline's answer, handed to an engine that writes events and
 * deliveries in one step. Answers at once when the endpoints are in memory.
 * @param newId makes the deliveries' ids, whose order is that of acceptance
 */
export type FanOut = (
  event: AcceptedEvent,
  newId?: () => DeliveryId,
) => readonly NewDelivery[] | Promise<readonly NewDelivery[]>;
