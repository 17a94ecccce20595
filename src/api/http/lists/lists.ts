import type { OrganizationId } from '../../../core/ids.ts';
import { DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT } from '../../../core/limits.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { readTimeRange } from './times.ts';

/** The query parameters of every list. */
export const PAGE_QUERY = {
  limit: { type: 'integer', minimum: 1, maximum: MAX_LIST_LIMIT, default: DEFAULT_LIST_LIMIT },
  cursor: { type: 'string' },
} as const;

/** The query parameters of lists whose rows have a time. */
export const TIME_QUERY = {
  from: { type: 'string', description: 'Rows created at or after this time, such as 2026-01-31T12:00:00Z.' },
  to: { type: 'string', description: 'Rows created before this time.' },
} as const;

interface ListQuery {
  limit?: number;
  cursor?: string;
  from?: string;
  to?: string;
}

/** One list of one organization: reads the requested page, and creates the cursor of the next one. */
export class ListPage {
  readonly request: PageRequest;
  readonly #scope: { readonly organizationId: OrganizationId; readonly query: string };

  /** @param filters all query values that select rows */
  constructor(
    organizationId: OrganizationId,
    list: string,
    query: ListQuery,
    filters: readonly (string | undefined)[],
  ) {
    const { limit = DEFAULT_LIST_LIMIT, cursor, from, to } = query;
    this.#scope = { organizationId, query: JSON.stringify([list, ...filters, from, to]) };
    this.request = {
      limit,
      after: decodeCursor(this.#scope, cursor),
      ...readTimeRange(query),
    };
  }

  /**
   * @param rows up to one more than the limit; the additional row shows that there is a next page
   * @param isFull there are fewer rows because the page has reached its bound of bytes
   */
  cut<Row>(
    rows: readonly Row[],
    idOf: (row: Row) => string,
    isFull = false,
  ): { rows: readonly Row[]; nextCursor: string | null } {
    const { limit } = this.request;
    const kept = rows.slice(0, limit);
    const last = kept.at(-1);
    const hasMore = (isFull || rows.length > limit) && last !== undefined;
    return { rows: kept, nextCursor: hasMore ? this.cursorAfter(idOf(last)) : null };
  }

  cursorAfter(id: string): string {
    return encodeCursor(this.#scope, id);
  }
}
