import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteEngine } from '../../src/engines/sqlite/engine.ts';
import type { EngineHarness } from './harness.ts';
import { spawnEngine } from './remote-engine.ts';

/** The embedded engine in a folder of its own. */
export async function newSqliteHarness(): Promise<EngineHarness> {
  const dataDir = await mkdtemp(join(tmpdir(), 'triggers-conformance-'));
  return {
    open: async (options) =>
      openSqliteEngine({
        ...options,
        dataDir,
        onFatal: (error) => {
          throw error;
        },
      }),
    contents: async () =>
      readdirSync(dataDir)
        .filter((name) => name.startsWith('triggers.db'))
        .map((name) => execFileSync('cat', [join(dataDir, name)], { encoding: 'latin1', maxBuffer: 256 * 1024 * 1024 }))
        .join('\n'),
    spawn: () => spawnEngine(new URL('./sqlite-process.ts', import.meta.url), [dataDir]),
    removeEventRow: async (id) => {
      const database = new DatabaseSync(join(dataDir, 'triggers.db'));
      database.prepare('DELETE FROM events WHERE id = ?').run(id);
      database.close();
    },
    byHand: async (sql) => {
      const database = new DatabaseSync(join(dataDir, 'triggers.db'), { timeout: 5_000 });
      database.exec(sql);
      database.close();
    },
    dispose: async () => rmSync(dataDir, { recursive: true, force: true }),
  };
}
