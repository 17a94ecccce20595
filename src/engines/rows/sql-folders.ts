import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SUFFIX = '.sql';

/**
 * The statements of an engine: those in the `sql/` folder of each of its rooms.
 * @returns texts by the names of their files, without `.sql`
 */
export function readSqlFolders(engineFolder: string): ReadonlyMap<string, string> {
  const statements = new Map<string, string>();
  for (const room of readdirSync(engineFolder, { withFileTypes: true })) {
    if (!room.isDirectory()) continue;
    const folder = join(engineFolder, room.name, 'sql');
    for (const [name, text] of readSqlFiles(folder)) statements.set(name, text);
  }
  return statements;
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
