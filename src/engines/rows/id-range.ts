import { firstIdAt, isUuid } from '../../core/ids.ts';
import { addMs, type Timestamp, timestamp } from '../../core/time.ts';
import type { PageRequest } from '../../ports/store/page.ts';

export const LOWEST_ID = '00000000-0000-0000-0000-000000000000';
export const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** A page as a range of ids, which sort by time: `from` inclusive, `before` exclusive. */
export function idRange(page: PageRequest): { readonly from: string; readonly before: string } {
  let before = page.to === null ? HIGHEST_ID : lowestIdAt(page.to);
  const after = page.after !== null && isUuid(page.after) ? page.after.toLowerCase() : null;
  if (after !== null && after < before) before = after;
  return { from: page.from === null ? LOWEST_ID : lowestIdAt(page.from), before };
}

/** The lowest id of a time, whatever its UUID version. */
export function lowestIdAt(at: Timestamp): string {
  return `${firstIdAt(at).slice(0, 13)}-0000-0000-000000000000`;
}

/** Deliveries are created after their events, by another machine's clock. */
const SKEW_MS = 86_400_000;

/** A lower bound for the ids of an event's deliveries. */
export function lowestDeliveryId(eventTime: Timestamp): string {
  return lowestIdAt(timestamp(Math.max(0, addMs(eventTime, -SKEW_MS))));
}
