import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '../../ports/observability/log.ts';
import { GENERATE } from '../settings/index.ts';
import { keptSecret } from './kept-secret.ts';

const FILE = 'admin-token';

/**
 * The token that `ADMIN_TOKEN` stands for. A generated one is shown in the log of the start that made it, and never again:
 * it stays readable in the file for who may read DATA_DIR.
 */
export function adminTokenOf(setting: string | null, dataDir: string, log: Log): string | null {
  if (setting !== GENERATE) return setting;
  const path = join(dataDir, FILE);
  const { value, isNew } = keptSecret(path, () => randomBytes(24).toString('base64url'), /^[\w-]{32}$/);
  if (isNew) log.warn(`ADMIN_TOKEN was generated: ${value} (shown only once, stored in ${path})`);
  return value;
}
