import pg from 'pg';
import { EngineUnavailable } from '../../../ports/unavailable.ts';

/** The statement or its values are at fault; retrying is useless. The message contains no values. */
export class StatementRefused extends Error {
  override readonly name = 'StatementRefused';
  /** SQLSTATE (PostgreSQL manual, appendix A). */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * `cut`: the connection was lost or the server is stopping; whether the statement ran is unknown. `unsent`: the same
 * before anything was sent or committed; nothing was done. `conflict`: another transaction conflicted; nothing was
 * done. `outdated`: a table changed since this connection prepared the statement; nothing was done, and a new
 * connection can run it.
 */
export type DatabaseFailureKind = 'cut' | 'unsent' | 'conflict' | 'outdated' | 'other';

/** A driver error with the error for the caller. Internal to this folder. */
export class DatabaseFailure extends Error {
  override readonly name = 'DatabaseFailure';
  readonly kind: DatabaseFailureKind;
  readonly portError: Error;

  constructor(kind: DatabaseFailureKind, portError: Error) {
    super(portError.message);
    this.kind = kind;
    this.portError = portError;
  }
}

/** Content errors: an invalid value, a constraint, a program limit. */
const CONTENT_CLASSES = new Set(['22', '23', '54']);
/** The disk is full or failing, memory is exhausted, or data on disk is corrupt. */
const STORAGE_FAILED = new Set(['53100', '53200', '58030', 'XX001', 'XX002']);
/** Classes of errors of the connection, resources, operator, system, and internal errors. */
const AWAY_CLASSES = new Set(['08', '53', '57', '58', 'F0', 'XX']);
/** Read-only after a failover, idle in a transaction, lock timeout, repeated conflicts. */
const AWAY = new Set(['25006', '25P03', '55P03', '40001', '40P01']);
/** Errors that appear when an administrator changes users or databases during operation. */
const ADMINISTERED = new Set(['3D000', '28P01', '28000']);
const TOO_MANY_CONNECTIONS = '53300';
const FEATURE_NOT_SUPPORTED = '0A000';

/** Classifies a driver error. Its message and fields may contain values (`detail`, `where`): only the code is kept. */
export function asDatabaseFailure(error: unknown): DatabaseFailure {
  if (error instanceof DatabaseFailure) return error;
  const code = codeOf(error);
  if (error instanceof pg.DatabaseError && code !== null)
    return new DatabaseFailure(kindOf(code, error), portErrorOf(code, error));
  // No SQLSTATE: the error is the connection's, not the server's. The driver refuses values with TypeErrors.
  if (error instanceof TypeError || error instanceof RangeError) return new DatabaseFailure('other', error);
  const reason = `PostgreSQL can't be reached${code === null ? '' : ` (${code})`}`;
  return new DatabaseFailure('cut', new EngineUnavailable('unreachable', reason));
}

function kindOf(code: string, error: pg.DatabaseError): DatabaseFailureKind {
  if (code === '40001' || code === '40P01') return 'conflict';
  // The message is localized; the routine's name is not.
  if (code === FEATURE_NOT_SUPPORTED && error.routine === 'RevalidateCachedQuery') return 'outdated';
  const cut = code.startsWith('08') || code.startsWith('57P') || code === '25P03' || code === TOO_MANY_CONNECTIONS;
  return cut ? 'cut' : 'other';
}

function portErrorOf(code: string, error: pg.DatabaseError): Error {
  if (STORAGE_FAILED.has(code)) {
    return new EngineUnavailable(
      'storage_failed',
      `PostgreSQL cannot store data: its disk or memory is full or failing (${code})`,
    );
  }
  if (AWAY.has(code) || ADMINISTERED.has(code) || AWAY_CLASSES.has(code.slice(0, 2))) {
    return new EngineUnavailable('unreachable', `PostgreSQL is unavailable now (${code})`);
  }
  if (CONTENT_CLASSES.has(code.slice(0, 2))) {
    const column = error.column === undefined ? '' : `, column ${error.column}`;
    return new StatementRefused(code, `PostgreSQL refused the content (${code}${column})`);
  }
  return error;
}

function codeOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}
