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

/** Content: a value that a type does not take, a constraint, a limit of the program. */
const CONTENT_CLASSES = new Set(['22', '23', '54']);
/** No room: on the disk or in memory. */
const NO_ROOM = new Set(['53100', '53200']);
/** Connection, resources, operator, system; a server that is read-only after a failover, a lock that was not had in time. */
const AWAY_CLASSES = new Set(['08', '53', '57', '58', 'XX', 'F0']);
const AWAY = new Set(['25006', '25P03', '55P03', '40001', '40P01', '3D000', '28P01', '28000']);

/** What an error of the driver means. Its own message may name values (`detail`, `where`): only the code is kept. */
export function asEngineError(error: unknown, closing: boolean): unknown {
  if (error instanceof EngineUnavailable || error instanceof StatementRefused) return error;
  if (closing) return new EngineUnavailable('closing', 'The engine is closing');
  const code = codeOf(error);
  if (error instanceof pg.DatabaseError && code !== null) return fromServer(code, error);
  // No SQLSTATE: the connection, not the server, has spoken.
  return error instanceof TypeError || error instanceof RangeError
    ? error
    : new EngineUnavailable('unreachable', `PostgreSQL can't be reached${code === null ? '' : ` (${code})`}`);
}

function fromServer(code: string, error: pg.DatabaseError): Error {
  if (NO_ROOM.has(code)) return new EngineUnavailable('storage_failed', `PostgreSQL has no room left (${code})`);
  if (AWAY.has(code) || AWAY_CLASSES.has(code.slice(0, 2))) {
    return new EngineUnavailable('unreachable', `PostgreSQL can't do it now (${code})`);
  }
  if (CONTENT_CLASSES.has(code.slice(0, 2))) {
    const column = error.column === undefined ? '' : `, column ${error.column}`;
    return new StatementRefused(code, `PostgreSQL refused the content (${code}${column})`);
  }
  return error;
}

/** The same statement may be made again at once: somebody else was in the way, and nothing was done. */
export function isConflict(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

/** The connection was cut, or the server is just ending or starting. */
export function isCut(error: unknown): boolean {
  if (error instanceof EngineUnavailable) return error.code === 'unreachable';
  const code = codeOf(error);
  return !(error instanceof pg.DatabaseError) || code === null || code.startsWith('08') || code.startsWith('57P');
}

function codeOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}
