import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Finding } from '../../ports/finding.ts';
import { StartRefused } from '../../ports/start-refused.ts';
import { claimDataFolder } from './database/index.ts';

/** Whether the folder can be had. Makes none; another process keeps what it holds. */
export function inspectFolder(path: string): readonly Finding[] {
  const engine: Finding = { level: 'ok', about: 'Engine', text: `Embedded, SQLite ${process.versions['sqlite']}.` };
  const about = 'DATA_DIR';
  if (!existsSync(path)) {
    return [engine, { level: 'ok', about, text: `${resolve(path)} is not there yet; the first start makes it.` }];
  }
  try {
    claimDataFolder(path).release();
    return [engine, { level: 'ok', about, text: `${resolve(path)} is free and can be written.` }];
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    // Somebody works with it, very likely the service itself: nothing is broken.
    const level = error.message.includes(' is in use by ') ? 'warning' : 'failed';
    return [engine, { level, about, text: error.message }];
  }
}
