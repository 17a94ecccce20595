import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Row } from '../../rows/row.ts';
import type { SqlFiles } from './sql-files.ts';

/** A prepared statement of `sql/`; parameters are by position. */
export interface Statement {
  run(...parameters: SQLInputValue[]): { readonly changes: number | bigint };
  get(...parameters: SQLInputValue[]): Row | undefined;
  all(...parameters: SQLInputValue[]): Row[];
  /** Row by row, as they are taken. Nothing else may run this statement meanwhile. */
  iterate(...parameters: SQLInputValue[]): Iterable<Row>;
}

/** Told of every statement by its name and how long it took: never its parameters, which are the clients' data. */
export type SqlLog = (statement: string, durationMs: number) => void;

/** Several statements at once may not wait for each other for longer than this; only a backup tool could hold the lock. */
export const BUSY_TIMEOUT_MS = 5_000;

/** One connection to the database, with its prepared statements. */
export class Connection {
  readonly db: DatabaseSync;
  readonly #sql: SqlFiles;
  readonly #log: SqlLog | undefined;

  constructor(path: string, options: { sql: SqlFiles; readOnly: boolean; log: SqlLog | undefined }) {
    this.#sql = options.sql;
    this.#log = options.log;
    this.db = new DatabaseSync(path, { readOnly: options.readOnly, timeout: BUSY_TIMEOUT_MS });
  }

  /** Prepares the statement of a file. For start-up: what is prepared is kept by the caller. */
  prepare(name: string): Statement {
    const text = this.#sql.get(name);
    if (text === undefined) throw new Error(`There is no statement ${name}`);
    const statement = readable(this.db.prepare(text), text);
    return this.#log === undefined ? statement : logged(name, statement, this.#log);
  }
}

const READS = /^\s*(?:SELECT|WITH)\b/;
const WRITES = /\b(?:INSERT|UPDATE|DELETE)\b/;

/**
 * node:sqlite refuses all rows of a query when one holds an integer beyond 2^53, which only somebody's hand can have written:
 * the row of one endpoint ended the process, or stopped everybody's deliveries. Then the query is made again, and such an
 * integer is the nearest number, which is no safe integer and for the reader of its row to refuse.
 */
function readable(statement: StatementSync, text: string): Statement {
  const [begin = ''] = text.split('\n').filter((line) => line !== '' && !line.startsWith('--'));
  if (!READS.test(begin) || WRITES.test(text)) return statement;
  function again<Result>(error: unknown, query: () => Result): Result {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE')) throw error;
    statement.setReadBigInts(true);
    try {
      return query();
    } finally {
      statement.setReadBigInts(false);
    }
  }
  return {
    run: (...parameters) => statement.run(...parameters),
    get: (...parameters) => {
      try {
        return statement.get(...parameters);
      } catch (error) {
        return again(error, () => {
          const row = statement.get(...parameters);
          return row === undefined ? undefined : withNumbers(row);
        });
      }
    },
    all: (...parameters) => {
      try {
        return statement.all(...parameters);
      } catch (error) {
        return again(error, () => statement.all(...parameters).map(withNumbers));
      }
    },
    iterate: (...parameters) => iterate(statement, parameters),
  };
}

/** Reads such integers from the first row on: a query that has begun can't begin again. Costs the conversion of each row. */
function* iterate(statement: StatementSync, parameters: SQLInputValue[]): Iterable<Row> {
  statement.setReadBigInts(true);
  try {
    for (const row of statement.iterate(...parameters)) yield withNumbers(row);
  } finally {
    statement.setReadBigInts(false);
  }
}

/** In place: the row is of this query alone. */
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
