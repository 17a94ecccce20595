import { chmodSync, closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve, sep } from 'node:path';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
/** A folder that everybody writes to (`/tmp`) is not ours alone. */
const STICKY = 0o1000;

/**
 * What we keep in the folder: the databases with their logs and indexes of logs, the owner's note, generated secrets. Others'
 * files beside them keep their permissions.
 */
const OURS =
  /^(?:(?:triggers|lock)\.db(?:-(?:wal|shm|journal))?|owner\.json|admin-token(?:\.new)?|secrets\.key(?:\.new)?)$/;

/**
 * Takes everybody else's rights away, whatever the umask, and also where an older version gave them. A folder of another
 * user's (a volume that belongs to root and lets our group write) stays as its owner wants it: its files are private.
 */
export function makePrivate(folder: string): void {
  if (isForUsAlone(folder)) change(folder, PRIVATE_FOLDER);
  for (const name of readdirSync(folder)) if (OURS.test(name)) change(join(folder, name), PRIVATE_FILE);
}

/**
 * SQLite makes the log and its index with the permissions of the database, and the database with those of the umask: so it
 * is made here first, empty. Never opened where it exists: closing it would drop this process' locks on it.
 */
export function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', PRIVATE_FILE));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** `DATA_DIR=.` in a project or a home must not lock everybody else out of it. */
function isForUsAlone(folder: string): boolean {
  if ((statSync(folder).mode & STICKY) !== 0) return false;
  const path = resolve(folder);
  const above = path.endsWith(sep) ? path : path + sep;
  return ![process.cwd(), homedir()].some((place) => (place + sep).startsWith(above));
}

function change(path: string, mode: number): void {
  try {
    if ((statSync(path).mode & 0o7777) !== mode) chmodSync(path, mode);
  } catch (error) {
    // Not ours to change, on a file system without permissions, or gone meanwhile.
    if (!['EPERM', 'EROFS', 'ENOENT', 'ENOTSUP', 'EACCES'].includes(codeOf(error))) throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
