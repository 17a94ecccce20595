import type { OrganizationId } from '../ids.ts';
import { addMs, type Milliseconds, type Timestamp } from '../time.ts';

/** What of an organization's events is to leave before the service's own retention takes it. */
export interface ErasureRule {
  readonly organizationId: OrganizationId;
  /** How long it keeps events; null = as long as the service does. */
  readonly retentionMs: Milliseconds | null;
  /** Everything created before is to go, whether it waits or not; null = nobody asked. */
  readonly erasedBefore: Timestamp | null;
  /** The organization is no more; what is left of it goes. */
  readonly deletedAt: Timestamp | null;
}

/**
 * How old an organization's events may be now.
 * @returns null where nothing is to leave. `waitingToo`: also those that still wait for a delivery
 */
export function erasureBound(
  rule: ErasureRule,
  now: Timestamp,
): { readonly before: Timestamp; readonly waitingToo: boolean } | null {
  // Those of a deleted organization too that were accepted before the last process heard of it.
  if (rule.deletedAt !== null) return { before: addMs(now, 1), waitingToo: true };
  if (rule.erasedBefore !== null) return { before: rule.erasedBefore, waitingToo: true };
  return rule.retentionMs === null ? null : { before: addMs(now, -rule.retentionMs), waitingToo: false };
}
