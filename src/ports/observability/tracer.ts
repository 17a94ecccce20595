import type { AttemptOutcome } from '../../core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import type { EventId } from '../../core/ids.ts';
import type { Milliseconds, Timestamp } from '../../core/time.ts';
import type { ClaimedDelivery } from '../record/delivery-queue.ts';
import type { AcceptOutcome } from '../record/intake.ts';

/**
 * Spans of an event's processing, linked only by the `traceparent` stored with the event. Never throws, never blocks;
 * spans contain no payload, URL or secret.
 */
export interface Tracer {
  /** @returns the `traceparent` to store with the event: the context of its accept span, if it is traced */
  begin(traceparent: string | null, id: EventId): string | null;
  /** @param at.isRecorded whether accepting also recorded the events */
  accepted(
    events: readonly AcceptedEvent[],
    outcomes: readonly AcceptOutcome[],
    at: { readonly tookMs: Milliseconds; readonly isRecorded: boolean },
  ): void;
  persisted(event: AcceptedEvent, startedAt: Timestamp, endedAt: Timestamp): void;
  /** One request, which may carry a batch of deliveries. @param sent.traceparent the header that the receiver got */
  attempted(
    deliveries: readonly ClaimedDelivery[],
    outcome: AttemptOutcome,
    sent: { readonly at: Timestamp; readonly traceparent: string },
  ): void;
  /** Exports pending spans, for a few seconds at most. */
  close(): Promise<void>;
}

export const NO_TRACER: Tracer = {
  begin: (traceparent) => traceparent,
  accepted: () => {},
  persisted: () => {},
  attempted: () => {},
  close: async () => {},
};
