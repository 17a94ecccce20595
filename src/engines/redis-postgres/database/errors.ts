import pg from 'pg';
import { EngineUnavailable } from '../../../ports/unavailable.ts';

/** The statement is at fault, or what it was given: trying again is of no use. Says nothing of the values. */
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
 * `cut`: the connection was lost, or the server is just ending: whether the statement was made is not known.
 * `unsent`: the same before anything was asked or committed, so that nothing was done.
 * `conflict`: somebody else was in the way; nothing was done.
 * `outdated`: a table has changed since this connection prepared the statement; nothing was done, a new one can do it.
 */
export type DatabaseFailureKind = 'cut' | 'unsent' | 'conflict' | 'outdated' | 'other';

/** What went wrong at the driver, and what the caller is to be told. Never leaves database.ts. */
export class DatabaseFailure extends Error {
  override readonly name = 'DatabaseFailure';
  readonly kind: DatabaseFailureKind;
  readonly portError: Error;

  constructor(kind: DatabaseFailureKind, meant: Error) {
    super(meant.message);
    this.kind = kind;
    this.portError = meant;
  }
}

/** Content: a value that a type does not take, a constraint, a limit of the program. */
const CONTENT_CLASSES = new Set(['22', '23', '54']);
/** The disk is full or fails, memory is out, or what is on the disk is not what was written. */
const STORAGE_FAILED = new Set(['53100', '53200', '58030', 'XX001', 'XX002']);
/** Connection, resources, operator, system, internal. */
const AWAY_CLASSES = new Set(['08', '53', '57', '58', 'F0', 'XX']);
/** Read-only after a failover, left alone in a transaction, a lock not had in time, in the way of others too often. */
const AWAY = new Set(['25006', '25P03', '55P03', '40001', '40P01']);
/** What was right at start is not right now: somebody works on users and databases. */
const ADMINISTERED = new Set(['3D000', '28P01', '28000']);
const TOO_MANY_CONNECTIONS = '53300';
const FEATURE_NOT_SUPPORTED = '0A000';

/** Reads an error of the driver. Its own message may name values (`detail`, `where`): only the code is kept. */
export function asDatabaseFailure(error: unknown): DatabaseFailure {
  if (error instanceof DatabaseFailure) return error;
  const code = codeOf(error);
  if (error instanceof pg.DatabaseError && code !== null)
    return new DatabaseFailure(kindOf(code, error), meaningOf(code, error));
  // No SQLSTATE: the connection, not the server, has spoken. The driver's own refusals of values are TypeErrors.
  if (error instanceof TypeError || error instanceof RangeError) return new DatabaseFailure('other', error);
  const told = `PostgreSQL can't be reached${code === null ? '' : ` (${code})`}`;
  return new DatabaseFailure('cut', new EngineUnavailable('unreachable', told));
}

function kindOf(code: string, error: pg.DatabaseError): DatabaseFailureKind {
  if (code === '40001' || code === '40P01') return 'conflict';
  // Its message is in the server's language; the place where it was raised is not.
  if (code === FEATURE_NOT_SUPPORTED && error.routine === 'RevalidateCachedQuery') return 'outdated';
  const cut = code.startsWith('08') || code.startsWith('57P') || code === '25P03' || code === TOO_MANY_CONNECTIONS;
  return cut ? 'cut' : 'other';
}

function meaningOf(code: string, error: pg.DatabaseError): Error {
  if (STORAGE_FAILED.has(code)) {
    return new EngineUnavailable(
      'storage_failed',
      `PostgreSQL can't store it: its disk or memory is full or fails (${code})`,
    );
  }
  if (AWAY.has(code) || ADMINISTERED.has(code) || AWAY_CLASSES.has(code.slice(0, 2))) {
    return new EngineUnavailable('unreachable', `PostgreSQL can't do it now (${code})`);
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
