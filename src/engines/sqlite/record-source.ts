import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SecretBox } from '../../core/administration/secret-box.ts';
import type { Clock } from '../../ports/clock.ts';
import { RECORD_TABLES, type RecordSource, type RecordTable, type TableRows } from '../../ports/record/transfer.ts';
import { StartRefused } from '../../ports/start-refused.ts';
import type { SecretBoxFor } from '../../ports/store/secret-record.ts';
import { number, type Row } from '../rows/row.ts';
import { openRow } from '../rows/sealed-columns.ts';
import { asStartRefused, claimDataFolder, loadSqlFiles, openDatabase } from './database/index.ts';
import { resetLeases } from './delivery-queue/index.ts';
import { knownKeyIds } from './stores/index.ts';

/** Rows per piece, of up to 256 KiB each: 64 MB. */
const MAX_ROWS = 250;

/** Columns that only this engine has, and faults of its own process. */
const OWN_COLUMNS: Readonly<Partial<Record<RecordTable, readonly string[]>>> = {
  events: ['seq'],
  endpoints: ['last_fault'],
};

/**
 * Opens the record in a data folder for copying, with secrets in plain text. Locks the folder like a service, so that
 * none runs on it meanwhile.
 * @throws StartRefused when there is no record, or it is in use
 */
export function openSqliteRecord(dataDir: string, clock: Clock, boxFor: SecretBoxFor): RecordSource {
  if (!existsSync(join(dataDir, 'triggers.db'))) {
    throw new StartRefused(`There is no data in ${dataDir}: set DATA_DIR to the folder of an embedded service.`);
  }
  const folder = claimDataFolder(dataDir);
  try {
    const database = openDatabase(folder.databasePath, { sql: loadSqlFiles(), clock, log: undefined });
    resetLeases(database, clock);
    const { reader, writer } = database;
    const box = boxFor(knownKeyIds(writer));
    return {
      count: async (table) => number(reader.db.prepare(`SELECT count(*) AS rows FROM ${table}`).get() ?? {}, 'rows'),
      read: async function* () {
        for (const table of RECORD_TABLES)
          yield* pieces(table, reader.db.prepare(`SELECT * FROM ${table}`).iterate(), box);
      },
      close: async () => {
        reader.db.close();
        writer.db.close();
        folder.release();
      },
    };
  } catch (error) {
    folder.release();
    throw asStartRefused(error, folder.databasePath);
  }
}

function* pieces(table: RecordTable, all: Iterable<Row>, box: SecretBox): Iterable<TableRows> {
  let rows: Record<string, string | number | null>[] = [];
  for (const row of all) {
    rows.push(shared(openRow(box, table, row), OWN_COLUMNS[table] ?? []));
    if (rows.length < MAX_ROWS) continue;
    yield { table, rows };
    rows = [];
  }
  if (rows.length > 0) yield { table, rows };
}

function shared(row: Row, without: readonly string[]): Record<string, string | number | null> {
  const columns = Object.entries(row).filter(([column]) => !without.includes(column));
  return Object.fromEntries(
    columns.map(([column, value]) => {
      if (value !== null && typeof value !== 'string' && typeof value !== 'number') {
        throw new TypeError(`Column ${column} holds neither text nor a number`);
      }
      return [column, value];
    }),
  );
}
