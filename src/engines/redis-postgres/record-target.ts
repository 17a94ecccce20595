import type { RecordTarget, TableRows } from '../../ports/transfer.ts';
import type { Database } from './postgres/database.ts';
import { LOWEST_ID } from './postgres/id-range.ts';
import type { Partitions } from './postgres/partitions.ts';
import { number } from './postgres/row.ts';
import type { DedupMarks } from './redis/dedup-marks.ts';
import type { DeliveryLanes } from './redis/delivery-lanes.ts';

/** Takes the record of another engine in, as rows of the tables that all share. */
export class PostgresRecordTarget implements RecordTarget {
  readonly #database: Database;
  readonly #partitions: Partitions;
  readonly #marks: DedupMarks;
  readonly #lanes: DeliveryLanes;

  constructor(parts: { database: Database; partitions: Partitions; marks: DedupMarks; lanes: DeliveryLanes }) {
    this.#database = parts.database;
    this.#partitions = parts.partitions;
    this.#marks = parts.marks;
    this.#lanes = parts.lanes;
  }

  async write({ table, rows }: TableRows): Promise<number> {
    const idColumn = PARTITION_KEYS[table];
    if (idColumn !== undefined) await this.#partitions.ensure(rows.map((row) => String(row[idColumn])));
    const converted = table === 'inboxes' ? rows.map(withCursor) : rows;
    const [copied] = await this.#database.query(`copy-${table.replaceAll('_', '-')}`, [JSON.stringify(converted)]);
    return number(copied ?? {}, 'copied');
  }

  /** The reconciler of the first worker that starts brings queue and marks in. */
  async finish(): Promise<void> {
    await this.#marks.setIncomplete();
    await this.#lanes.setCompleteSince(null);
  }
}

const PARTITION_KEYS: Readonly<Partial<Record<TableRows['table'], string>>> = {
  events: 'id',
  deliveries: 'id',
  attempts: 'delivery_id',
};

/** An inbox that has seen nothing: the embedded engine has an empty text there. */
function withCursor(row: TableRows['rows'][number]): TableRows['rows'][number] {
  return { ...row, cursor_event_id: row['cursor_event_id'] || LOWEST_ID };
}
