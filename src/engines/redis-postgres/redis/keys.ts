import type { OrganizationId } from '../../../core/ids.ts';
import type { Redis } from './connection.ts';

/** How many deliveries are in lanes. */
export const WAITING_KEY = 'webhook-deliveries:waiting';

/** Where the dedup mark of an event is; undefined when it has none. */
export function dedupKey(
  redis: Redis,
  event: { readonly organizationId: OrganizationId; readonly dedupId: string | null },
): string | undefined {
  return event.dedupId === null ? undefined : redis.key(`dedup:${event.organizationId}:${event.dedupId}`);
}
