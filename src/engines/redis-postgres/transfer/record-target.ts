import type { SecretBox } from '../../../core/administration/secret-box.ts';
import type { Repair } from '../../../ports/record/repair.ts';
import type { RecordTarget, TableRows } from '../../../ports/record/transfer.ts';
import { number } from '../../rows/row.ts';
import { sealRow } from '../../rows/sealed-columns.ts';
import { type Database, LOWEST_ID, type Partitions } from '../database/index.ts';

/** Imports the record of another engine, as rows of the shared tables. */
export class PostgresRecordTarget implements RecordTarget {
  readonly #database: Database;
  readonly #partitions: Partitions;
  readonly #repairs: readonly Repair[];
  readonly #box: SecretBox;

  constructor(parts: { database: Database; partitions: Partitions; repairs: readonly Repair[]; box: SecretBox }) {
    this.#database = parts.database;
    this.#partitions = parts.partitions;
    this.#repairs = parts.repairs;
    this.#box = parts.box;
  }

  async write({ table, rows }: TableRows): Promise<number> {
    const idColumn = PARTITION_KEYS[table];
    if (idColumn !== undefined) await this.#partitions.ensure(rows.map((row) => String(row[idColumn])));
    const sealed = rows.map((row) => sealRow(this.#box, table, row));
    const converted = table === 'inboxes' ? sealed.map(withCursor) : sealed;
    const [copied] = await this.#database.query(`copy-${table.replaceAll('_', '-')}`, [JSON.stringify(converted)]);
    return number(copied ?? {}, 'copied');
  }

  /** Rebuilds lanes and dedup marks before the first process starts, so that no duplicate is accepted in between. */
  async finish(): Promise<void> {
    for (const repair of this.#repairs) {
      let after: string | null = null;
      do {
        const step: Awaited<ReturnType<Repair['step']>> = await repair.step(after);
        after = step.after;
      } while (after !== null);
      await repair.complete();
    }
  }
}

const PARTITION_KEYS: Readonly<Partial<Record<TableRows['table'], string>>> = {
  events: 'id',
  deliveries: 'id',
  attempts: 'delivery_id',
};

/** An inbox without a cursor has an empty text in the embedded engine. */
function withCursor(row: TableRows['rows'][number]): TableRows['rows'][number] {
  return { ...row, cursor_event_id: row['cursor_event_id'] || LOWEST_ID };
}
