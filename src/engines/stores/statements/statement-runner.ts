import type { Row } from '../../rows/row.ts';

/** A value for `$1`, `$2`, …; a list is an array on PostgreSQL and JSON text, for `json_each`, on SQLite. */
export type Parameter = string | number | null | readonly (string | number)[];

export interface StatementOptions {
  /**
   * Which parameter is an id that a client gave, counted from 1. No row has an id that is no UUID: SQLite finds none, and
   * PostgreSQL, which refuses to compare it, is not asked.
   */
  readonly givenId?: number;
}

export interface CallOptions extends StatementOptions {
  /**
   * PostgreSQL plans the statement for the values at hand: for what joins a partitioned table by many ids. SQLite has no
   * such choice.
   */
  readonly plannedEachTime?: boolean;
}

export interface WriteOptions extends CallOptions {
  /** The statement may run twice: PostgreSQL runs it again when the connection was cut and no answer came. */
  readonly idempotent?: boolean;
}

/** One statement of a transaction; yielding it gives its rows. */
export interface StatementCall extends StatementOptions {
  readonly name: string;
  readonly parameters: readonly Parameter[];
}

/**
 * The statements of a transaction, one after the other. SQLite runs the script in one piece within its write queue,
 * PostgreSQL awaits each statement. It may run more than once, so it changes nothing but rows; what it throws rolls it back.
 */
export type TransactionScript<Result> = Generator<StatementCall, Result, readonly Row[]>;

/**
 * What a store needs of a database, the same on both engines. Statements are named for their files (`get-job` for
 * `get-job.sql`) and are bound when the store is made: a name without a file fails the start, and no call builds any text.
 */
export interface StatementRunner {
  /** Reads the first row of what is committed; undefined where there is none. */
  one<Value>(
    name: string,
    fromRow: (row: Row) => Value,
    options?: CallOptions,
  ): (...parameters: Parameter[]) => Promise<Value | undefined>;
  /** Reads all rows of what is committed. */
  all<Value>(
    name: string,
    fromRow: (row: Row) => Value,
    options?: CallOptions,
  ): (...parameters: Parameter[]) => Promise<Value[]>;
  /**
   * Reads rows with data, up to the one with which their data come to `maxBytes`: SQLite stops to read there, PostgreSQL has the
   * bytes as one more parameter, the last.
   */
  page<Value extends { readonly data: string }>(
    name: string,
    fromRow: (row: Row) => Value,
    options?: CallOptions,
  ): (maxBytes: number, ...parameters: Parameter[]) => Promise<Value[]>;
  /** One statement, durable when it resolves. @returns how many rows it has written or removed */
  change(name: string, options?: WriteOptions): (...parameters: Parameter[]) => Promise<number>;
  /** The same for a statement with RETURNING. @returns those rows */
  write(name: string, options?: WriteOptions): (...parameters: Parameter[]) => Promise<readonly Row[]>;
  /** For a transaction's script to yield. */
  statement(name: string, options?: StatementOptions): (...parameters: Parameter[]) => StatementCall;
  /** All or nothing, durable when it resolves. */
  transaction<Result>(script: () => TransactionScript<Result>): Promise<Result>;
}

/** A runner whose transactions have an effect outside the database, made by the engine's own hooks. */
export interface EffectRunner<Effect> extends StatementRunner {
  /** @param effect what the result brings about once it is committed; undefined: nothing */
  transaction<Result>(
    script: () => TransactionScript<Result>,
    effect?: (result: Result) => Effect | undefined,
  ): Promise<Result>;
}
