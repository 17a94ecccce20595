import type { AcceptedEvent } from '../../core/events/event.ts';
import type { EventId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';

export type AcceptOutcome =
  | { readonly kind: 'accepted' }
  /** `dedupId` was seen within the window: the first event's id and time. This event is not stored. */
  | { readonly kind: 'duplicate'; readonly id: EventId; readonly createdAt: Timestamp }
  /** The backlog is full. This event is not stored. */
  | { readonly kind: 'backlog_full'; readonly retryAfterSeconds: number };

/** Accepts events. Its promise is what a `202` states. */
export interface Intake {
  /**
   * Resolves when every accepted event is durable together with its dedup mark, in one atomic step each: never a mark
   * without its event. Outcomes are in the order of the events. Of two events in one call with the same dedup id, the
   * first is accepted and the second is its duplicate.
   * @throws EngineUnavailable; nothing of the call is stored then, and the same call may be repeated with the same ids
   */
  accept(events: readonly AcceptedEvent[]): Promise<AcceptOutcome[]>;
}
