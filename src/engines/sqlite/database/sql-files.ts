import { join } from 'node:path';
import { readSqlFiles, readStatements } from '../../stores/statements/index.ts';

const ENGINE = join(import.meta.dirname, '..');

/** The statements of the engine and of the shared stores by name: `claim-first-attempts` for `claim-first-attempts.sql`. */
export type SqlFiles = ReadonlyMap<string, string>;

/** Called once, when an engine opens. */
export function loadSqlFiles(): SqlFiles {
  return readStatements(ENGINE, 'sqlite');
}

/** `0001-initial.sql` and those after it, in order. */
export function loadMigrations(): { readonly version: number; readonly name: string; readonly text: string }[] {
  return [...readSqlFiles(join(ENGINE, 'migrations'))]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, text]) => ({ version: Number.parseInt(name, 10), name: `${name}.sql`, text }));
}
