import type { OrganizationId } from '../ids.ts';
import { addMs, type Milliseconds, type Timestamp } from '../time.ts';

/** Which of an organization's events are erased before the service's own retention removes them. */
export interface ErasureRule {
  readonly organizationId: OrganizationId;
  /** How long the organization keeps events; null = the service's retention. */
  readonly retentionMs: Milliseconds | null;
  /** Erase everything created before this time, including waiting events; null = not requested. */
  readonly erasedBefore: Timestamp | null;
  /** When the organization was deleted; its data is erased. Null = not deleted. */
  readonly deletedAt: Timestamp | null;
}

/**
 * Returns the time before which an organization's events are erased.
 * @returns null when no rule applies. `waitingToo`: events that still wait for a delivery are erased as well
 */
export function erasureBound(
  rule: ErasureRule,
  now: Timestamp,
): { readonly before: Timestamp; readonly waitingToo: boolean } | null {
  // Includes events of a deleted organization that another process accepted before it learned of the deletion.
  if (rule.deletedAt !== null) return { before: addMs(now, 1), waitingToo: true };
  if (rule.erasedBefore !== null) return { before: rule.erasedBefore, waitingToo: true };
  return rule.retentionMs === null ? null : { before: addMs(now, -rule.retentionMs), waitingToo: false };
}
