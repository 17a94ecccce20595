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
    const statement = this.db.prepare(text);
    return this.#log === undefined ? statement : logged(name, statement, this.#log);
  }
}

function logged(name: string, statement: StatementSync, log: SqlLog): Statement {
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
