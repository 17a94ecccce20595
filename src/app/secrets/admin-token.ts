import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '../../ports/observability/log.ts';
import { GENERATE } from '../settings/index.ts';
import { keptSecret } from './kept-secret.ts';

const FILE = 'admin-token';

/**
 * @returns the administrator's token. A generated token is logged only by the start that created it. Later it can be read from
 * its file by users who may read DATA_DIR.
 */
export function adminTokenOf(setting: string | null, dataDir: string, log: Log): string | null {
  if (setting !== GENERATE) return setting;
  const path = join(dataDir, FILE);
  const { value, isNew } = keptSecret(path, () => randomBytes(24).toString('base64url'), /^[\w-]{32}$/);
  if (isNew) log.warn(`ADMIN_TOKEN was generated: ${value} (shown only once, stored in ${path})`);
  return value;
}
