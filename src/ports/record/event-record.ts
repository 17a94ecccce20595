import type { NewDelivery } from '../../core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';

/** An event with its deliveries from fan-out. */
export interface RoutedEvent {
  readonly event: AcceptedEvent;
  readonly deliveries: readonly NewDelivery[];
}

/** Writes events from the stream to the record. */
export interface EventRecord {
  /**
   * Resolves when all events and their deliveries are on record and the deliveries are queued. Idempotent: after a lost
   * answer or a crash, a repeated call keeps the first deliveries and queues them if they are not.
   * @throws RecordRefused when the record will never accept one of the events; nothing of the call is on record then
   */
  record(events: readonly RoutedEvent[]): Promise<void>;
}

/** The record will never accept this content; retrying is useless. The message says what was wrong, without values. */
export class RecordRefused extends Error {
  override readonly name = 'RecordRefused';
}
