import type { AcceptedEvent } from '../../core/events/event.ts';
import type { EventId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';

export type AcceptOutcome =
  | { readonly kind: 'accepted' }
  /** `dedupId` was seen within the window: the first event's id and time. This event is stored nowhere. */
  | { readonly kind: 'duplicate'; readonly id: EventId; readonly createdAt: Timestamp }
  /** More waits than may wait. Nothing of this event is there. */
  | { readonly kind: 'backlog_full'; readonly retryAfterSeconds: number };

/** Takes events in: the one place where a `202` is earned. */
export interface Intake {
  /**
   * Resolves when every accepted event is durable, with its dedup mark, as one atomic step each: never a mark without
   * its event. Outcomes are in the order of the events. Two events of one call with the same dedup id: the first is
   * accepted, the second its duplicate. Rejects with `EngineUnavailable` when it can't; nothing of the call is there
   * then, and the same call may be made again (same ids).
   */
  accept(events: readonly AcceptedEvent[]): Promise<AcceptOutcome[]>;
}
