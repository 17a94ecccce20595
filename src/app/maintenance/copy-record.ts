import { RECORD_TABLES, type RecordTable } from '../../ports/record/transfer.ts';
import { StartRefused } from '../../ports/start-refused.ts';
import { SystemClock } from '../clock.ts';
import { openEmbeddedRecord } from '../open-engine.ts';
import type { Environment } from '../settings/index.ts';
import { withEngine } from './operator.ts';

export interface CopyProgress {
  readonly table: RecordTable;
  readonly done: number;
  readonly all: number;
}

/**
 * Copies the data of the embedded engine to the distributed one. It may be repeated after an interruption: existing rows are
 * not changed. Throws `StartRefused`, also while a service uses the folder.
 */
export async function copyRecord(
  overrides: Environment,
  onProgress: (progress: CopyProgress) => void,
): Promise<{ readonly dataDir: string; readonly copied: number; readonly existing: number }> {
  return withEngine(overrides, async ({ worker }, settings) => {
    const { dataDir } = settings;
    if (worker === null) {
      throw new StartRefused('Set REDIS_URL and DATABASE_URL: the data of DATA_DIR is copied to these servers.');
    }
    const source = await openEmbeddedRecord(settings, new SystemClock());
    try {
      const all = new Map<RecordTable, number>();
      for (const table of RECORD_TABLES) all.set(table, await source.count(table));
      const done = new Map<RecordTable, number>();
      let copied = 0;
      let seen = 0;
      for await (const piece of source.read()) {
        copied += await worker.recordTarget.write(piece);
        seen += piece.rows.length;
        done.set(piece.table, (done.get(piece.table) ?? 0) + piece.rows.length);
        onProgress({ table: piece.table, done: done.get(piece.table) ?? 0, all: all.get(piece.table) ?? 0 });
      }
      await worker.recordTarget.finish();
      return { dataDir, copied, existing: seen - copied };
    } finally {
      await source.close();
    }
  });
}
