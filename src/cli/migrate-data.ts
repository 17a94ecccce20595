import { resolve } from 'node:path';
import { copyRecord } from '../app/maintenance/index.ts';
import type { Environment } from '../app/settings/index.ts';
import { StartRefused } from '../ports/start-refused.ts';
import { EngineUnavailable } from '../ports/unavailable.ts';

/** `migrate-data`: copies the embedded engine's folder to PostgreSQL. Resolves with the exit code. */
export async function migrateData({ overrides }: { overrides: Environment }): Promise<number> {
  const terminal = process.stdout.isTTY === true;
  try {
    const { dataDir, copied, existing } = await copyRecord(overrides, ({ table, done, all }) => {
      const percent = all === 0 ? 100 : Math.min(100, Math.floor((done / all) * 100));
      const line = `${table.padEnd(16)} ${done} of ${all} (${percent} %)`;
      if (terminal) process.stdout.write(`\r\x1b[K${line}${done >= all ? '\n' : ''}`);
      else if (done >= all) process.stdout.write(`${line}\n`);
    });
    process.stdout.write(
      `\n${copied} rows of ${resolve(dataDir)} were copied${existing > 0 ? `, ${existing} existed already` : ''}. Start the service with REDIS_URL and DATABASE_URL. The folder was not modified.\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof StartRefused) && !(error instanceof EngineUnavailable)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}
