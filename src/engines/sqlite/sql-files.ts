import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The statements of `sql/` by name: `take-first-attempts` for `take-first-attempts.sql`. */
export type SqlFiles = ReadonlyMap<string, string>;

/** Read once, when an engine opens. */
export function loadSqlFiles(): SqlFiles {
  return new Map(readFolder('sql').map(({ name, text }) => [name.slice(0, -'.sql'.length), text]));
}

/** `0001-initial.sql` and those after it, in order. */
export function loadMigrations(): { readonly version: number; readonly name: string; readonly text: string }[] {
  return readFolder('migrations').map(({ name, text }) => ({ version: Number.parseInt(name, 10), name, text }));
}

function readFolder(folder: string): { name: string; text: string }[] {
  const path = join(import.meta.dirname, folder);
  return readdirSync(path)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(path, name), 'utf8') }));
}
