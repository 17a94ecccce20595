import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dialect, inDialect } from './dialect.ts';

const SUFFIX = '.sql';

/** The folders of the stores that both engines share. */
const SHARED_STORES = join(import.meta.dirname, '..');

/**
 * The statements of an engine: those in the `sql/` folder of each of its own rooms, and those of the shared stores in its
 * dialect.
 * @returns texts by the names of their files, without `.sql`
 * @throws Error when two files have the same name
 */
export function readStatements(engineFolder: string, dialect: Dialect): ReadonlyMap<string, string> {
  const statements = new Map<string, string>();
  function add(name: string, text: string): void {
    if (statements.has(name)) throw new Error(`There are two statements ${name}`);
    statements.set(name, text);
  }
  for (const [name, text] of readRooms(engineFolder)) add(name, text);
  for (const [name, text] of readRooms(SHARED_STORES)) add(name, inDialect(text, dialect));
  return statements;
}

function* readRooms(folder: string): Iterable<readonly [name: string, text: string]> {
  for (const room of readdirSync(folder, { withFileTypes: true })) {
    if (room.isDirectory()) yield* readSqlFiles(join(folder, room.name, 'sql'));
  }
}

/** The `.sql` files of one folder; none where there is no such folder. */
export function readSqlFiles(folder: string): ReadonlyMap<string, string> {
  return new Map(
    namesIn(folder)
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => [file.slice(0, -SUFFIX.length), readFileSync(join(folder, file), 'utf8')]),
  );
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
