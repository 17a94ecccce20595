import type { AcceptedEvent } from './event.ts';
import { matchesEventType, wantsEventType } from './event-type.ts';

/** What the service itself has to tell a tenant, as an event like any other. */
export const OPERATIONAL_EVENT_TYPES = ['delivery.failed', 'endpoint.disabled', 'inbox.quarantined'] as const;
export type OperationalEventType = (typeof OPERATIONAL_EVENT_TYPES)[number];

/**
 * Told apart by the dedup id, which begins with a character that no client can send; it also keeps an event from being
 * told twice.
 */
const MARK = '\u001f';

export function operationalDedupId(type: OperationalEventType, key: string): string {
  return `${MARK}${type}:${key}`;
}

export function isOperational(event: Pick<AcceptedEvent, 'dedupId'>): boolean {
  return event.dedupId?.startsWith(MARK) === true;
}

/** Only endpoints that name it: "all events" means those of the tenant's own clients. */
export function wantsOperational(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => !pattern.startsWith('*') && matchesEventType(pattern, type));
}

/** Whether these patterns want an event, of a client or of ours. */
export function wantsType(patterns: readonly string[], event: Pick<AcceptedEvent, 'type' | 'dedupId'>): boolean {
  const wants = isOperational(event) ? wantsOperational : wantsEventType;
  return wants(patterns, event.type);
}
