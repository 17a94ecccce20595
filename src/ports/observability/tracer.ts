import type { AttemptOutcome } from '../../core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import type { EventId } from '../../core/ids.ts';
import type { Milliseconds, Timestamp } from '../../core/time.ts';
import type { ClaimedDelivery } from '../record/delivery-queue.ts';
import type { AcceptOutcome } from '../record/intake.ts';

/**
 * The spans of an event's way. Their only link is the `traceparent` that is stored with the event. Never throws, never
 * waits; names no payload, URL or secret.
 */
export interface Tracer {
  /** @returns what to store with the event: the context of its accept span, where it is to be traced */
  begin(traceparent: string | null, id: EventId): string | null;
  /** @param at.isRecorded accepting has recorded them too */
  accepted(
    events: readonly AcceptedEvent[],
    outcomes: readonly AcceptOutcome[],
    at: { readonly tookMs: Milliseconds; readonly isRecorded: boolean },
  ): void;
  persisted(event: AcceptedEvent, startedAt: Timestamp, endedAt: Timestamp): void;
  /** One request, for several deliveries where they came in a batch. @param sent.traceparent what the receiver got */
  attempted(
    deliveries: readonly ClaimedDelivery[],
    outcome: AttemptOutcome,
    sent: { readonly at: Timestamp; readonly traceparent: string },
  ): void;
  /** Sends what it has, for a few seconds at most. */
  close(): Promise<void>;
}

export const NO_TRACER: Tracer = {
  begin: (traceparent) => traceparent,
  accepted: () => {},
  persisted: () => {},
  attempted: () => {},
  close: async () => {},
};
