import type { OrganizationId } from '../../../core/ids.ts';
import { DEFAULT_LIST_LIMIT } from '../../../core/limits.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { decodeCursor, encodeCursor } from '../../http/lists/index.ts';

export interface PageQuery {
  readonly limit?: number;
  readonly cursor?: string;
}

/** Organization id in the cursors of the administrator's lists. */
const SCOPE = { organizationId: 'admin' as OrganizationId, query: 'organizations' };

export function readPage({ limit = DEFAULT_LIST_LIMIT, cursor }: PageQuery): PageRequest {
  return { limit, after: decodeCursor(SCOPE, cursor), from: null, to: null };
}

/** @param found one row more than the limit if there is a next page */
export function cursorAt(found: readonly { readonly id: string }[], limit: number): string | null {
  const last = found[limit - 1];
  return found.length > limit && last !== undefined ? encodeCursor(SCOPE, last.id) : null;
}
