import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Finding } from '../../ports/finding.ts';
import { StartRefused } from '../../ports/start-refused.ts';
import { claimDataFolder } from './database/index.ts';

/** Checks whether the data folder can be used. Creates nothing, and leaves another process's lock alone. */
export function inspectFolder(path: string): readonly Finding[] {
  const engine: Finding = { level: 'ok', about: 'Engine', text: `Embedded, SQLite ${process.versions['sqlite']}.` };
  const about = 'DATA_DIR';
  if (!existsSync(path)) {
    return [engine, { level: 'ok', about, text: `${resolve(path)} does not exist yet; the first start creates it.` }];
  }
  try {
    claimDataFolder(path).release();
    return [engine, { level: 'ok', about, text: `${resolve(path)} is free and can be written.` }];
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    // Another process uses the folder, probably the service itself: only a warning.
    const level = error.message.includes(' is in use by ') ? 'warning' : 'failed';
    return [engine, { level, about, text: error.message }];
  }
}
