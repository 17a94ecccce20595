import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Row } from '../../rows/row.ts';
import type { SqlFiles } from './sql-files.ts';

/** A prepared statement of an `sql/` folder; parameters are positional. */
export interface Statement {
  run(...parameters: SQLInputValue[]): { readonly changes: number | bigint };
  get(...parameters: SQLInputValue[]): Row | undefined;
  all(...parameters: SQLInputValue[]): Row[];
  /** Reads row by row. The statement must not run again meanwhile. */
  iterate(...parameters: SQLInputValue[]): Iterable<Row>;
}

/** Called with the name and duration of every statement; never with its parameters, which are client data. */
export type SqlLog = (statement: string, durationMs: number) => void;

/** How long a statement waits for a lock, which only a backup tool could hold. */
export const BUSY_TIMEOUT_MS = 5_000;

/** A connection to the database, with its prepared statements. */
export class Connection {
  readonly db: DatabaseSync;
  readonly #sql: SqlFiles;
  readonly #log: SqlLog | undefined;

  constructor(path: string, options: { sql: SqlFiles; readOnly: boolean; log: SqlLog | undefined }) {
    this.#sql = options.sql;
    this.#log = options.log;
    this.db = new DatabaseSync(path, { readOnly: options.readOnly, timeout: BUSY_TIMEOUT_MS });
  }

  /** Prepares the statement of a file. Called at start-up; the caller keeps the statement. */
  prepare(name: string): Statement {
    const text = this.#sql.get(name);
    if (text === undefined) throw new Error(`Statement ${name} does not exist`);
    const statement = tolerateLargeIntegers(this.db.prepare(text), text);
    return this.#log === undefined ? statement : logged(name, statement, this.#log);
  }
}

const READS = /^(?:SELECT|WITH)\b/m;
const WRITES = /\b(?:INSERT|UPDATE|DELETE)\b/;

/**
 * Makes a query tolerate integers beyond 2^53. node:sqlite refuses all rows of a query when one has such an integer,
 * which only a manual change can have written: one endpoint's row ended the process, or stopped all deliveries. The
 * query is repeated, and such an integer becomes the nearest number, which is not a safe integer and is refused by the
 * reader of its row.
 */
function tolerateLargeIntegers(statement: StatementSync, text: string): Statement {
  if (!READS.test(text) || WRITES.test(text)) return statement;
  function tolerant<Result>(query: () => Result, toNumbers: (result: Result) => Result): Result {
    try {
      return query();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE')) throw error;
      statement.setReadBigInts(true);
      try {
        return toNumbers(query());
      } finally {
        statement.setReadBigInts(false);
      }
    }
  }
  return {
    run: (...parameters) => statement.run(...parameters),
    get: (...parameters) =>
      tolerant<Row | undefined>(
        () => statement.get(...parameters),
        (row) => (row === undefined ? undefined : withNumbers(row)),
      ),
    all: (...parameters) =>
      tolerant<Row[]>(
        () => statement.all(...parameters),
        (rows) => rows.map(withNumbers),
      ),
    iterate: (...parameters) => iterate(statement, parameters),
  };
}

/**
 * Reads all integers as bigints from the first row, because a started query cannot be repeated. Costs a conversion per
 * row.
 */
function* iterate(statement: StatementSync, parameters: SQLInputValue[]): Iterable<Row> {
  statement.setReadBigInts(true);
  try {
    for (const row of statement.iterate(...parameters)) yield withNumbers(row);
  } finally {
    statement.setReadBigInts(false);
  }
}

/** Changes the row in place; it belongs to this query. */
function withNumbers(row: Record<string, unknown>): Row {
  for (const column in row) if (typeof row[column] === 'bigint') row[column] = Number(row[column]);
  return row;
}

function logged(name: string, statement: Statement, log: SqlLog): Statement {
  function timed<Result>(call: (...parameters: SQLInputValue[]) => Result): (...parameters: SQLInputValue[]) => Result {
    return (...parameters) => {
      const started = performance.now();
      try {
        return call(...parameters);
      } finally {
        log(name, performance.now() - started);
      }
    };
  }
  return {
    run: timed((...parameters) => statement.run(...parameters)),
    get: timed((...parameters) => statement.get(...parameters)),
    all: timed((...parameters) => statement.all(...parameters)),
    iterate: timed((...parameters) => statement.iterate(...parameters)),
  };
}
