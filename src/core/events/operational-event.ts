import type { AcceptedEvent } from './event.ts';
import { matchesEventType, wantsEventType } from './event-type.ts';

/** Types of operational events: events that the service publishes to a tenant. */
export const OPERATIONAL_EVENT_TYPES = ['delivery.failed', 'endpoint.disabled', 'inbox.quarantined'] as const;
export type OperationalEventType = (typeof OPERATIONAL_EVENT_TYPES)[number];

/**
 * Marks an operational event: its dedup id starts with a character that no client can send. The dedup id also prevents
 * publishing an event twice.
 */
const MARK = '\u001f';

export function operationalDedupId(type: OperationalEventType, key: string): string {
  return `${MARK}${type}:${key}`;
}

export function isOperational(event: Pick<AcceptedEvent, 'dedupId'>): boolean {
  return event.dedupId?.startsWith(MARK) === true;
}

/**
 * Whether patterns subscribe to an operational event: only those that start with its name. A pattern for all events
 * means clients' events.
 */
export function wantsOperational(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => !pattern.startsWith('*') && matchesEventType(pattern, type));
}

/** Whether patterns subscribe to an event, a client's or an operational one. */
export function wantsType(patterns: readonly string[], event: Pick<AcceptedEvent, 'type' | 'dedupId'>): boolean {
  const wants = isOperational(event) ? wantsOperational : wantsEventType;
  return wants(patterns, event.type);
}
