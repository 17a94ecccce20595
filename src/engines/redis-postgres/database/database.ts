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

/** Without a free connection within this time the server counts as unreachable. */
const CONNECT_TIMEOUT_MS: Milliseconds = 2_000;
/** The server itself cancels statements that take longer. */
const STATEMENT_TIMEOUT_MS: Milliseconds = 15_000;
/** Without an answer for this long the connection is closed: statements take milliseconds. */
const SILENCE_TIMEOUT_MS: Milliseconds = 6_000;
/** For the few slow statements: longer than the server's own timeout. */
const PATIENT_SILENCE_TIMEOUT_MS: Milliseconds = 17_000;
const IDLE_TIMEOUT_MS: Milliseconds = 30_000;

/**
 * Settings of every connection, sent as a statement because poolers refuse them as connection parameters. The planner
 * settings correspond to SQLite's INDEXED BY: each statement is a few lookups or short ranges of known indexes, and
 * must stay so when a table has grown by a million rows since it was analyzed (a lease of 100 took 270 ms by a hash
 * join over the whole day). The functions of migration 0001 require READ COMMITTED.
 */
const SESSION = `
  SET statement_timeout = ${STATEMENT_TIMEOUT_MS};
  SET idle_in_transaction_session_timeout = ${STATEMENT_TIMEOUT_MS};
  SET default_transaction_isolation = 'read committed';
  SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
  SET jit = off`;

const ENGINE = join(import.meta.dirname, '..');

/** Runs statements: the pool, or the one connection of a transaction. */
export interface Statements {
  /** Runs `<name>.sql` with its parameters ($1, $2, …) as a prepared statement. */
  query(name: string, parameters: readonly unknown[]): Promise<readonly Row[]>;
}

export interface QueryOptions {
  /** May run twice: retried for a second when the connection was lost without an answer. */
  readonly idempotent?: boolean;
  /** May take several seconds. */
  readonly patient?: boolean;
  /**
   * Planned for the actual values at each call, 2 ms with 40 days: for statements that join a partitioned table by many
   * ids. A generic plan would scan all partitions instead of those of the ids.
   */
  readonly plannedEachTime?: boolean;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly maxConnections: number;
  /** The name that `pg_stat_activity` shows. */
  readonly applicationName: string;
  /** Called with the name and duration of every statement; never with values. */
  readonly logSql?: (statement: string, durationMs: Milliseconds) => void;
  readonly silenceTimeoutMs?: Milliseconds;
  /** How long lost connections are retried. */
  readonly cutRetryMs?: Milliseconds;
  readonly metrics?: Metrics;
}

/**
 * The pool of connections to PostgreSQL. Calls reject within seconds with `EngineUnavailable` when the server is
 * unreachable, and with `StatementRefused` when the values are at fault.
 */
export class Database implements Statements {
  readonly #pool: pg.Pool;
  readonly #sql: ReadonlyMap<string, string>;
  readonly #log: DatabaseOptions['logSql'];
  readonly #silenceTimeoutMs: Milliseconds;
  readonly #metrics: Metrics | undefined;
  readonly #retryLoop: StatementRetries;
  #closing: Promise<void> | undefined;

  private constructor(options: DatabaseOptions) {
    this.#sql = readStatements(ENGINE, 'postgres');
    this.#log = options.logSql;
    this.#metrics = options.metrics;
    this.#retryLoop = new StatementRetries(options.cutRetryMs);
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
      // Awaited before the connection is used.
      onConnect: (connection) => connection.query(SESSION).then(() => {}),
    });
    // A lost idle connection is no error; the next statement opens a new one.
    this.#pool.on('error', () => {});
  }

  /** Creates the pool; it connects when first used. */
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

  /**
   * Runs a transaction on one connection. Repeated as a whole after a conflict, or when the connection was lost before
   * COMMIT.
   */
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

  /** Runs SQL that is not in a file, as one transaction, without results. Repeated while nothing was done. */
  execute(sql: string): Promise<void> {
    return this.#retryLoop.run(false, () =>
      this.#withConnection((connection) => command(connection, sql, PATIENT_SILENCE_TIMEOUT_MS)),
    );
  }

  health(): EngineHealth {
    const { lastFailure } = this.#retryLoop;
    return lastFailure === null ? { status: 'ok', reason: null } : { status: 'degraded', reason: lastFailure };
  }

  /** Waits for running statements. */
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
    // Errors reject the running statement; between two statements nothing else listens.
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
      throw unsentIfLost(asDatabaseFailure(error));
    }
  }

  #textOf(name: string): string {
    const text = this.#sql.get(name);
    if (text === undefined) throw new TypeError(`Statement ${name} does not exist`);
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

/** The driver (8.16) reads it per query, but its types do not declare it. */
interface TimedQuery extends pg.QueryConfig {
  readonly query_timeout: Milliseconds;
}

/** Any failure before COMMIT means that nothing was done. */
async function beforeCommit<Result>(connection: pg.ClientBase, work: () => Promise<Result>): Promise<Result> {
  try {
    await command(connection, 'BEGIN');
    return await work();
  } catch (error) {
    if (!(error instanceof DatabaseFailure)) throw error;
    const failure = unsentIfLost(error);
    if (failure.kind !== 'unsent') await command(connection, 'ROLLBACK');
    throw failure;
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

function unsentIfLost(failure: DatabaseFailure): DatabaseFailure {
  return failure.kind === 'cut' ? new DatabaseFailure('unsent', failure.portError) : failure;
}

function ignore(): void {}

/** 64-bit integers are times and counts, below 2^53. */
const INT8 = 20;

function typeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8) return Number;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}
