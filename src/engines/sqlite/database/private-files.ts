import { chmodSync, closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve, sep } from 'node:path';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
/** The sticky bit of a folder that everyone can write to (`/tmp`). */
const STICKY = 0o1000;

/**
 * The service's own files: the databases with their logs and shared-memory files, the owner note, generated secrets.
 * Other files keep their permissions.
 */
const SERVICE_FILES =
  /^(?:(?:triggers|lock)\.db(?:-(?:wal|shm|journal))?|owner\.json|admin-token(?:\.new)?|secrets\.key(?:\.new)?)$/;

/**
 * Removes other users' permissions, regardless of the umask and of what older versions set. A folder of another user (a
 * root-owned volume that this group may write) keeps its permissions; its files become private.
 */
export function makePrivate(folder: string): void {
  if (isPrivateFolder(folder)) change(folder, PRIVATE_FOLDER);
  for (const name of readdirSync(folder)) if (SERVICE_FILES.test(name)) change(join(folder, name), PRIVATE_FILE);
}

/**
 * Creates the database file empty and private before SQLite does: SQLite would use the umask, and gives the log and its
 * shared-memory file the database's permissions. An existing file is never opened: closing it would drop this process's
 * locks on it.
 */
export function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', PRIVATE_FILE));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Whether the folder is the service's alone: `DATA_DIR=.` in a project or home folder must not lock others out. */
function isPrivateFolder(folder: string): boolean {
  if ((statSync(folder).mode & STICKY) !== 0) return false;
  const path = resolve(folder);
  const above = path.endsWith(sep) ? path : path + sep;
  return ![process.cwd(), homedir()].some((place) => (place + sep).startsWith(above));
}

function change(path: string, mode: number): void {
  try {
    if ((statSync(path).mode & 0o7777) !== mode) chmodSync(path, mode);
  } catch (error) {
    // Another user's file, a file system without permissions, or removed meanwhile.
    if (!['EPERM', 'EROFS', 'ENOENT', 'ENOTSUP', 'EACCES'].includes(codeOf(error))) throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
