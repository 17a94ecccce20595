import { firstIdAt, isUuid } from '../../core/ids.ts';
import { addMs, type Timestamp, timestamp } from '../../core/time.ts';
import type { PageRequest } from '../../ports/store/page.ts';

export const LOWEST_ID = '00000000-0000-0000-0000-000000000000';
export const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** A page as a range of ids, which are made in the order of time: `from` inclusive, `before` exclusive. */
export function idRange(page: PageRequest): { readonly from: string; readonly before: string } {
  let before = page.to === null ? HIGHEST_ID : lowestIdAt(page.to);
  const after = page.after !== null && isUuid(page.after) ? page.after.toLowerCase() : null;
  if (after !== null && after < before) before = after;
  return { from: page.from === null ? LOWEST_ID : lowestIdAt(page.from), before };
}

/** Below every id of that time, whatever its version. */
export function lowestIdAt(at: Timestamp): string {
  return `${firstIdAt(at).slice(0, 13)}-0000-0000-000000000000`;
}

/** Deliveries are made after their events, by another machine's clock. */
const SKEW_MS = 86_400_000;

/** No delivery of the event has a lower id. */
export function lowestDeliveryId(eventTime: Timestamp): string {
  return lowestIdAt(timestamp(Math.max(0, addMs(eventTime, -SKEW_MS))));
}
