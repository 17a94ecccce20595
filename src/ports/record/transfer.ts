/** Some rows of one table of the record. Engines share the names of tables and columns (docs/ARCHITECTURE.md). */
export interface TableRows {
  readonly table: RecordTable;
  readonly rows: readonly Readonly<Record<string, string | number | null>>[];
}

/** Parents before what names them. */
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

/** A whole record, to be copied: nobody writes to it meanwhile. */
export interface RecordSource {
  /** For a progress bar. */
  count(table: RecordTable): Promise<number>;
  /** In the order of `RECORD_TABLES`, in pieces that fit in memory. */
  read(): AsyncIterable<TableRows>;
  close(): Promise<void>;
}

/** Takes a copied record in. */
export interface RecordTarget {
  /** Rows that are there already stay as they are. @returns how many were new */
  write(piece: TableRows): Promise<number>;
  /** All is there: what is derived from the record (queues, dedup marks) is made from it. */
  finish(): Promise<void>;
}
