import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Milliseconds } from '../../../core/time.ts';
import type { EngineHealth } from '../../../ports/engine.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { asEngineError, isConflict, isCut } from './errors.ts';
import type { Row } from './row.ts';

/** A free connection, new or old, within this time, or it counts as out of reach. */
const CONNECT_TIMEOUT_MS: Milliseconds = 2_000;
/** The server ends statements that take longer … */
const STATEMENT_TIMEOUT_MS: Milliseconds = 15_000;
/** … and where it says nothing at all the connection is given up. */
const SILENCE_TIMEOUT_MS: Milliseconds = 17_000;
const IDLE_TIMEOUT_MS: Milliseconds = 30_000;
const MAX_CONFLICTS = 5;
/** How long a statement that may be made twice is made again after its connection was cut. */
const CUT_RETRY_MS: Milliseconds = 1_000;
const CUT_PAUSE_MS: Milliseconds = 100;

export const SQL_FOLDERS = [join(import.meta.dirname, 'sql'), join(import.meta.dirname, 'inbox/sql')];

/** Where statements run: the pool, or the one connection of a transaction. */
export interface Statements {
  /** Runs `<name>.sql` with its parameters ($1, $2, …) as a prepared statement. */
  query(name: string, parameters: readonly unknown[]): Promise<readonly Row[]>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly maxConnections: number;
  /** What `pg_stat_activity` shows. */
  readonly applicationName: string;
  /** Told of every statement by its name and how long it took; never its values. */
  readonly logSql?: (statement: string, durationMs: Milliseconds) => void;
  readonly silenceTimeoutMs?: Milliseconds;
}

/** The pool of connections to PostgreSQL. Rejects with `EngineUnavailable` when it can't be reached, within seconds. */
export class Database implements Statements {
  readonly #pool: pg.Pool;
  readonly #sql: ReadonlyMap<string, string>;
  readonly #log: DatabaseOptions['logSql'];
  #lastFailure: string | null = null;
  #closing: Promise<void> | undefined;

  private constructor(options: DatabaseOptions) {
    this.#sql = readSql(SQL_FOLDERS);
    this.#log = options.logSql;
    this.#pool = new pg.Pool({
      connectionString: options.url,
      max: options.maxConnections,
      application_name: options.applicationName.slice(0, 63),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: options.silenceTimeoutMs ?? SILENCE_TIMEOUT_MS,
      keepAlive: true,
      types: { getTypeParser: typeParser },
    });
    // An idle connection that is cut is no error of anybody's; the next statement has a new one.
    this.#pool.on('error', () => {});
  }

  /** Connects when it is first used. */
  static open(options: DatabaseOptions): Database {
    return new Database(options);
  }

  /** @param options.idempotent may be made twice: tried again when the connection was cut and no answer came */
  async query(
    name: string,
    parameters: readonly unknown[],
    options: { readonly idempotent?: boolean } = {},
  ): Promise<readonly Row[]> {
    const text = this.#textOf(name);
    return this.#persevere(options.idempotent === true, () =>
      this.#withConnection((connection) => this.#run(connection, name, text, parameters)),
    );
  }

  /** All or nothing, on one connection. Made again as a whole when it was in the way of another. */
  transaction<Result>(work: (transaction: Statements) => Promise<Result>): Promise<Result> {
    return this.#persevere(false, () =>
      this.#withConnection(async (connection) => {
        await connection.query('BEGIN');
        try {
          const result = await work({
            query: (name, parameters) => this.#run(connection, name, this.#textOf(name), parameters),
          });
          await connection.query('COMMIT');
          return result;
        } catch (error) {
          await connection.query('ROLLBACK').catch(() => {});
          throw error;
        }
      }),
    );
  }

  /** Statements that stand in no file, for their effect: partitions. */
  execute(sql: string): Promise<void> {
    return this.#persevere(false, () =>
      this.#withConnection(async (connection) => {
        try {
          await connection.query(sql);
        } catch (error) {
          await connection.query('ROLLBACK').catch(() => {});
          throw error;
        }
      }),
    );
  }

  health(): EngineHealth {
    return this.#lastFailure === null
      ? { status: 'ok', reason: null }
      : { status: 'degraded', reason: this.#lastFailure };
  }

  /** Statements under way end first. */
  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  async #run(connection: pg.ClientBase, name: string, text: string, values: readonly unknown[]) {
    const startedAt = this.#log === undefined ? 0 : performance.now();
    try {
      const result = await connection.query<Row>({ name, text, values: [...values] });
      return result.rows;
    } finally {
      this.#log?.(name, performance.now() - startedAt);
    }
  }

  async #withConnection<Result>(work: (connection: pg.PoolClient) => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) throw new EngineUnavailable('closing', 'The engine is closing');
    const connection = await this.#pool.connect();
    // Errors reach whoever waits for a statement; between two statements nobody does.
    connection.on('error', ignore);
    let broken = false;
    try {
      const result = await work(connection);
      this.#lastFailure = null;
      return result;
    } catch (error) {
      broken = isCut(error) || isConflict(error);
      throw error;
    } finally {
      connection.off('error', ignore);
      connection.release(broken);
    }
  }

  async #persevere<Result>(idempotent: boolean, act: () => Promise<Result>): Promise<Result> {
    const until = performance.now() + CUT_RETRY_MS;
    for (let conflicts = 0; ; ) {
      try {
        return await act();
      } catch (error) {
        const again = isConflict(error)
          ? ++conflicts < MAX_CONFLICTS
          : idempotent && isCut(error) && this.#closing === undefined && performance.now() < until;
        if (again) {
          await sleep(isConflict(error) ? Math.random() * 20 * conflicts : CUT_PAUSE_MS);
          continue;
        }
        const meant = asEngineError(error, this.#closing !== undefined);
        if (meant instanceof EngineUnavailable) this.#lastFailure = meant.message;
        throw meant;
      }
    }
  }

  #textOf(name: string): string {
    const text = this.#sql.get(name);
    if (text === undefined) throw new TypeError(`There is no statement ${name}`);
    return text;
  }
}

function ignore(): void {}

function sleep(ms: Milliseconds): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function readSql(folders: readonly string[]): ReadonlyMap<string, string> {
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.sql'))
      .map((name) => [name.slice(0, -'.sql'.length), readFileSync(join(folder, name), 'utf8')] as const),
  );
  return new Map(files);
}

/** Whole numbers of 64 bits are times and counts here, below 2^53. */
const INT8 = 20;

function typeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8) return Number;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}
