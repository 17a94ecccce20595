import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The statements of these folders, by the names of their files. */
export function readSqlFiles(folders: readonly string[]): ReadonlyMap<string, string> {
  const statements = new Map<string, string>();
  for (const folder of folders) {
    for (const file of readdirSync(folder)) {
      if (file.endsWith('.sql'))
        statements.set(file.slice(0, -'.sql'.length), readFileSync(join(folder, file), 'utf8'));
    }
  }
  return statements;
}
