import type { NewDelivery } from '../../core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';

/** An event with the deliveries that fan-out made of it. */
export interface RoutedEvent {
  readonly event: AcceptedEvent;
  readonly deliveries: readonly NewDelivery[];
}

/** Where events from the stream become the record. */
export interface EventRecord {
  /**
   * Resolves when all are on record with their deliveries and these are queued. May be called again with the same events
   * (an answer was lost, a worker died): the first deliveries stand, and are queued if they are not.
   * @throws RecordRefused when the record will never take one of them: nothing of the call is on record then
   */
  record(events: readonly RoutedEvent[]): Promise<void>;
}

/** The content is at fault, not the moment: trying again is of no use. The message says what was wrong, without values. */
export class RecordRefused extends Error {
  override readonly name = 'RecordRefused';
}
