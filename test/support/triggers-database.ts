import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../../src/engines/redis-postgres/database/migrate.ts';
import type { DatabaseTemplate } from './postgres-server.ts';

const MIGRATIONS = join(import.meta.dirname, '../../src/engines/redis-postgres/migrations/*.sql');

/** The empty record of the distributed engine. Another content has another name. */
export const TRIGGERS_DATABASE: DatabaseTemplate = {
  name: `triggers_${contentHash()}`,
  build: (url) => migrate(url),
};

function contentHash(): string {
  const hash = createHash('sha256');
  for (const path of globSync(MIGRATIONS).sort()) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 12);
}
