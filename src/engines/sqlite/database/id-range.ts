import { firstIdAt } from '../../../core/ids.ts';
import type { PageRequest } from '../../../ports/store/page.ts';

/** Above every id. */
const AFTER_ALL_IDS = 'g';

/** A page as a range of ids, which sort by time: `from` inclusive, `before` exclusive. */
export function idRange(page: PageRequest): { readonly from: string; readonly before: string } {
  let before = page.to === null ? AFTER_ALL_IDS : firstIdAt(page.to);
  if (page.after !== null && page.after < before) before = page.after;
  return { from: page.from === null ? '' : firstIdAt(page.from), before };
}
