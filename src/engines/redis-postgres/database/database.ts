import { join } from 'node:path';
import pg from 'pg';
import type { Milliseconds } from '../../../core/time.ts';
import type { EngineHealth } from '../../../ports/engine.ts';
import type { Metrics } from '../../../ports/observability/metrics.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import type { Row } from '../../rows/row.ts';
import { readStatements } from '../../stores/statements/index.ts';
import { asDatabaseFailure, DatabaseFailure } from './errors.ts';
import { StatementRetries } from './statement-retries.ts';

/** A free connection, new or old, within this time, or the server counts as out of reach. */
const CONNECT_TIMEOUT_MS: Milliseconds = 2_000;
/** The server itself ends statements that take longer. */
const STATEMENT_TIMEOUT_MS: Milliseconds = 15_000;
/** Where it says nothing for so long the connection is given up: statements take milliseconds. */
const SILENCE_TIMEOUT_MS: Milliseconds = 6_000;
/** For the few that may take long: the server's own end comes first. */
const PATIENT_SILENCE_TIMEOUT_MS: Milliseconds = 17_000;
const IDLE_TIMEOUT_MS: Milliseconds = 30_000;

/**
 * For every connection, as a statement: poolers refuse such parameters of a connection. The planner settings stand for
 * SQLite's INDEXED BY: each statement is a few probes or short ranges of known indexes, and stays that when a table has
 * grown by a million rows since it was last analyzed (a lease of 100 took 270 ms by a hash join over the whole day).
 * The functions of migration 0001 count on READ COMMITTED.
 */
const SESSION = `
  SET statement_timeout = ${STATEMENT_TIMEOUT_MS};
  SET idle_in_transaction_session_timeout = ${STATEMENT_TIMEOUT_MS};
  SET default_transaction_isolation = 'read committed';
  SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
  SET jit = off`;

const ENGINE = join(import.meta.dirname, '..');

/** Where statements run: the pool, or the one connection of a transaction. */
export interface Statements {
  /** Runs `<name>.sql` with its parameters ($1, $2, …) as a prepared statement. */
  query(name: string, parameters: readonly unknown[]): Promise<readonly Row[]>;
}

export interface QueryOptions {
  /** May be made twice: tried again for a second when the connection was cut and no answer came. */
  readonly idempotent?: boolean;
  /** May take many seconds. */
  readonly patient?: boolean;
  /**
   * Planned for the values at hand, 2 ms with 40 days: for what joins a partitioned table by many ids. A plan for any
   * values counts all partitions instead of those that are meant, and goes through all of them.
   */
  readonly plannedEachTime?: boolean;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly maxConnections: number;
  /** What `pg_stat_activity` shows. */
  readonly applicationName: string;
  /** Told of every statement by its name and how long it took; never its values. */
  readonly logSql?: (statement: string, durationMs: Milliseconds) => void;
  readonly silenceTimeoutMs?: Milliseconds;
  readonly metrics?: Metrics;
}

/**
 * The pool of connections to PostgreSQL. Rejects with `EngineUnavailable` when it can't be reached, within seconds; with
 * `StatementRefused` when the values are at fault.
 */
export class Database implements Statements {
  readonly #pool: pg.Pool;
  readonly #sql: ReadonlyMap<string, string>;
  readonly #log: DatabaseOptions['logSql'];
  readonly #silenceTimeoutMs: Milliseconds;
  readonly #metrics: Metrics | undefined;
  readonly #retryLoop = new StatementRetries();
  #closing: Promise<void> | undefined;

  private constructor(options: DatabaseOptions) {
    this.#sql = readStatements(ENGINE, 'postgres');
    this.#log = options.logSql;
    this.#metrics = options.metrics;
    this.#silenceTimeoutMs = options.silenceTimeoutMs ?? SILENCE_TIMEOUT_MS;
    this.#pool = new pg.Pool({
      connectionString: options.url,
      max: options.maxConnections,
      application_name: options.applicationName.slice(0, 63),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      query_timeout: this.#silenceTimeoutMs,
      keepAlive: true,
      types: { getTypeParser: typeParser },
      // Awaited: nobody gets the connection before.
      onConnect: (connection) => connection.query(SESSION).then(() => {}),
    });
    // An idle connection that is cut is no error of anybody's; the next statement has a new one.
    this.#pool.on('error', () => {});
  }

  /** Connects when it is first used. */
  static open(options: DatabaseOptions): Database {
    return new Database(options);
  }

  /** Throws for a statement that no file has: when a part is made, not when it is first used. */
  check(name: string): void {
    this.#textOf(name);
  }

  query(name: string, parameters: readonly unknown[], options: QueryOptions = {}): Promise<readonly Row[]> {
    return this.#query(name, parameters, options).then(({ rows }) => rows);
  }

  /** The same for a statement that changes rows. @returns how many */
  change(name: string, parameters: readonly unknown[], options: QueryOptions = {}): Promise<number> {
    return this.#query(name, parameters, options).then(({ rowCount }) => rowCount ?? 0);
  }

  #query(name: string, parameters: readonly unknown[], options: QueryOptions): Promise<pg.QueryResult<Row>> {
    const text = this.#textOf(name);
    const silenceMs = options.patient === true ? PATIENT_SILENCE_TIMEOUT_MS : this.#silenceTimeoutMs;
    return this.#retryLoop.run(options.idempotent === true, () =>
      this.#withConnection((connection) =>
        this.#run(connection, {
          name,
          text,
          values: parameters,
          silenceMs,
          prepared: options.plannedEachTime !== true,
        }),
      ),
    );
  }

  /** All or nothing, on one connection. Made again as a whole when it was in the way of another, or cut before its end. */
  transaction<Result>(work: (transaction: Statements) => Promise<Result>): Promise<Result> {
    const silenceMs = this.#silenceTimeoutMs;
    return this.#retryLoop.run(false, () =>
      this.#withConnection(async (connection) => {
        const query = async (name: string, values: readonly unknown[]) => {
          const text = this.#textOf(name);
          return (await this.#run(connection, { name, text, values, silenceMs, prepared: true })).rows;
        };
        const result = await beforeCommit(connection, () => work({ query }));
        await command(connection, 'COMMIT');
        return result;
      }),
    );
  }

  /** Statements that stand in no file, for their effect: all or nothing. May be made again while nothing was done. */
  execute(sql: string): Promise<void> {
    return this.#retryLoop.run(false, () =>
      this.#withConnection((connection) => command(connection, sql, PATIENT_SILENCE_TIMEOUT_MS)),
    );
  }

  health(): EngineHealth {
    const { lastFailure } = this.#retryLoop;
    return lastFailure === null ? { status: 'ok', reason: null } : { status: 'degraded', reason: lastFailure };
  }

  /** Statements under way end first. */
  close(): Promise<void> {
    this.#retryLoop.end();
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  async #run(connection: pg.ClientBase, statement: Statement): Promise<pg.QueryResult<Row>> {
    const { name, text, values, silenceMs, prepared } = statement;
    const startedAt = performance.now();
    try {
      const query: TimedQuery = { text, values: [...values], query_timeout: silenceMs, ...(prepared ? { name } : {}) };
      return await connection.query<Row>(query);
    } catch (error) {
      throw asDatabaseFailure(error);
    } finally {
      const tookMs = performance.now() - startedAt;
      this.#metrics?.store('postgres', tookMs);
      this.#log?.(name, tookMs);
    }
  }

  async #withConnection<Result>(work: (connection: pg.PoolClient) => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) throw new EngineUnavailable('closing', 'The engine is closing');
    const connection = await this.#connect();
    // Errors reach whoever waits for a statement; between two statements nobody does.
    connection.on('error', ignore);
    let broken = true;
    try {
      const result = await work(connection);
      broken = false;
      return result;
    } catch (error) {
      broken = !(error instanceof DatabaseFailure) || !(error.kind === 'conflict' || error.kind === 'other');
      throw error;
    } finally {
      connection.off('error', ignore);
      connection.release(broken);
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw unsentIfCut(asDatabaseFailure(error));
    }
  }

  #textOf(name: string): string {
    const text = this.#sql.get(name);
    if (text === undefined) throw new TypeError(`There is no statement ${name}`);
    return text;
  }
}

interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
  readonly silenceMs: Milliseconds;
  readonly prepared: boolean;
}

/** The driver reads it from each query too (8.16), its types don't say so. */
interface TimedQuery extends pg.QueryConfig {
  readonly query_timeout: Milliseconds;
}

/** What a transaction does before its COMMIT is not done when it fails, whatever the failure. */
async function beforeCommit<Result>(connection: pg.ClientBase, work: () => Promise<Result>): Promise<Result> {
  try {
    await command(connection, 'BEGIN');
    return await work();
  } catch (error) {
    if (!(error instanceof DatabaseFailure)) throw error;
    const trouble = unsentIfCut(error);
    if (trouble.kind !== 'unsent') await command(connection, 'ROLLBACK');
    throw trouble;
  }
}

async function command(connection: pg.ClientBase, text: string, silenceMs?: Milliseconds): Promise<void> {
  try {
    const query = silenceMs === undefined ? { text } : { text, query_timeout: silenceMs };
    await connection.query(query);
  } catch (error) {
    throw asDatabaseFailure(error);
  }
}

function unsentIfCut(trouble: DatabaseFailure): DatabaseFailure {
  return trouble.kind === 'cut' ? new DatabaseFailure('unsent', trouble.portError) : trouble;
}

function ignore(): void {}

/** Whole numbers of 64 bits are times and counts here, below 2^53. */
const INT8 = 20;

function typeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8) return Number;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}
