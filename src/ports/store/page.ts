import type { Timestamp } from '../../core/time.ts';

/** Which part of a list, newest first unless the method says otherwise. Keyset: no offset, no count. */
export interface PageRequest {
  /** 1 to 1,000. */
  readonly limit: number;
  /** Begin after the row with this id (exclusive); null = at the beginning. It need not exist any more. */
  readonly after: string | null;
  /** Rows created at or after. */
  readonly from: Timestamp | null;
  /** Rows created before this time. */
  readonly to: Timestamp | null;
}

/** Of rows that carry data. The page ends with the row that reaches the bound (`fillsPage`); one row there always is. */
export interface ByteBound {
  /** `MAX_PAGE_BYTES` when not given. */
  readonly maxBytes?: number;
}
