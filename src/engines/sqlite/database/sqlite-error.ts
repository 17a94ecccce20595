/** What a failed statement means for the engine. */
export type Failure =
  /** No space left. Nothing was written; it may work again later. */
  | 'disk_full'
  /** The disk did not do as told. What was written before may be lost: nothing more may be promised. */
  | 'io'
  /** The file holds what it can't. */
  | 'corrupt'
  /** Another process has it. */
  | 'busy'
  /** May not be written, or not be opened. */
  | 'not_writable'
  /** The statement's own fault. */
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
/** The index of the write-ahead log could not grow: no space left, seen before anything was written. */
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

/** The same for what the file system itself refused (`errno`). */
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
    // `/proc`, which takes no folders.
    case 'ENOENT':
      return 'not_writable';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'no_folder';
    default:
      return 'other';
  }
}
