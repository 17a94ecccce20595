/** The meaning of a failed statement for the engine. */
export type Failure =
  /** No space left. Nothing was written; it may work later. */
  | 'disk_full'
  /** The disk failed. Earlier writes may be lost, and nothing more may be promised. */
  | 'io'
  /** The file is damaged or not a database. */
  | 'corrupt'
  /** Another process has locked it. */
  | 'busy'
  /** The file cannot be written, or not be opened. */
  | 'not_writable'
  /** An error of the statement itself. */
  | 'other';

// Result codes: https://sqlite.org/rescode.html. The low byte is the primary code.
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;
/** The log's shared-memory file could not grow: no space left, noticed before anything was written. */
const SQLITE_IOERR_SHMSIZE = SQLITE_IOERR | (19 << 8);

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return 'other';
  if (error.errcode === SQLITE_IOERR_SHMSIZE) return 'disk_full';
  switch (error.errcode & 0xff) {
    case SQLITE_FULL:
      return 'disk_full';
    case SQLITE_IOERR:
      return 'io';
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return 'corrupt';
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return 'busy';
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return 'not_writable';
    default:
      return 'other';
  }
}

/** The meaning of a file system error (`errno`). */
export function systemFailureOf(error: unknown): 'disk_full' | 'read_only' | 'not_writable' | 'no_folder' | 'other' {
  if (!(error instanceof Error) || !('code' in error)) return 'other';
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'disk_full';
    case 'EROFS':
      return 'read_only';
    case 'EACCES':
    case 'EPERM':
    // `/proc`, which allows no folders.
    case 'ENOENT':
      return 'not_writable';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'no_folder';
    default:
      return 'other';
  }
}
