import type { OrganizationId } from '../../../core/ids.ts';
import type { Redis } from './connection.ts';

/** The key that counts the deliveries in lanes. */
export const WAITING_KEY = 'webhook-deliveries:waiting';

/** The key of an event's dedup mark; undefined when it has no dedup id. */
export function dedupKey(
  redis: Redis,
  event: { readonly organizationId: OrganizationId; readonly dedupId: string | null },
): string | undefined {
  return event.dedupId === null ? undefined : redis.key(`dedup:${event.organizationId}:${event.dedupId}`);
}
