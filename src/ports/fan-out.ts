import type { NewDelivery } from '../core/delivery.ts';
import type { AcceptedEvent } from '../core/event.ts';

/**
 * Which endpoints want an event, as deliveries to be. The pipeline's answer, handed to an engine that writes events and
 * deliveries in one step. Answers at once when the endpoints are in memory.
 */
export type FanOut = (event: AcceptedEvent) => readonly NewDelivery[] | Promise<readonly NewDelivery[]>;
