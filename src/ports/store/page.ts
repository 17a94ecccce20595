import type { Timestamp } from '../../core/time.ts';

/** One page of a list, newest first unless the method says otherwise. Keyset pagination: no offset, no count. */
export interface PageRequest {
  /** 1 to 1,000. */
  readonly limit: number;
  /** Start after the row with this id; null = from the beginning. The row need not exist. */
  readonly after: string | null;
  /** Rows created at or after. */
  readonly from: Timestamp | null;
  /** Rows created before this time. */
  readonly to: Timestamp | null;
}

/**
 * A bound for rows with payloads. The page ends with the row that reaches the bound (`fillsPage`) and has at least one
 * row.
 */
export interface ByteBound {
  /** Default: `MAX_PAGE_BYTES`. */
  readonly maxBytes?: number;
}
