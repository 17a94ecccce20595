/** Rows of one table of the record. Both engines use the same table and column names (docs/ARCHITECTURE.md). */
export interface TableRows {
  readonly table: RecordTable;
  readonly rows: readonly Readonly<Record<string, string | number | null>>[];
}

/** In dependency order: a table follows the tables that it refers to. */
export const RECORD_TABLES = [
  'organizations',
  'api_keys',
  'endpoints',
  'inboxes',
  'events',
  'deliveries',
  'attempts',
  'order_turns',
  'jobs',
  'inbox_messages',
  'inbox_notifications',
  'audit_entries',
] as const;
export type RecordTable = (typeof RECORD_TABLES)[number];

/** A whole record to copy. Nothing writes to it meanwhile. */
export interface RecordSource {
  /** The number of rows, for a progress bar. */
  count(table: RecordTable): Promise<number>;
  /** All rows, in the order of `RECORD_TABLES`, in pieces that fit in memory. */
  read(): AsyncIterable<TableRows>;
  close(): Promise<void>;
}

/** Imports a copied record. */
export interface RecordTarget {
  /** Existing rows are kept. @returns how many were new */
  write(piece: TableRows): Promise<number>;
  /** Called when all rows are written: rebuilds what is derived from them (queues, dedup marks). */
  finish(): Promise<void>;
}
