import type { SQLInputValue } from 'node:sqlite';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import type { Row } from '../../rows/row.ts';
import type { Connection, Statement } from './connection.ts';
import type { StorageHealth } from './storage-health.ts';

/** Reads committed data. Queries must be short, because they run on the event loop. */
export class ReadConnection {
  readonly #connection: Connection;
  readonly #health: StorageHealth;
  #closed = false;

  constructor(connection: Connection, health: StorageHealth) {
    this.#connection = connection;
    this.#health = health;
  }

  prepare(name: string): Statement {
    return this.#connection.prepare(name);
  }

  /** Runs statements of this connection synchronously. */
  async read<Result>(query: () => Result): Promise<Result> {
    if (this.#closed) throw closing();
    try {
      return query();
    } catch (error) {
      throw this.#health.failed(error);
    }
  }

  /** The first row of a statement of this connection, as `fromRow` reads it. */
  async one<Value>(
    statement: Statement,
    parameters: readonly SQLInputValue[],
    fromRow: (row: Row) => Value,
  ): Promise<Value | undefined> {
    if (this.#closed) throw closing();
    try {
      const row = statement.get(...parameters);
      return row === undefined ? undefined : fromRow(row);
    } catch (error) {
      throw this.#health.failed(error);
    }
  }

  /** All rows of a statement of this connection. */
  async all<Value>(
    statement: Statement,
    parameters: readonly SQLInputValue[],
    fromRow: (row: Row) => Value,
  ): Promise<Value[]> {
    if (this.#closed) throw closing();
    try {
      return statement.all(...parameters).map((row) => fromRow(row));
    } catch (error) {
      throw this.#health.failed(error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#connection.db.close();
  }
}

function closing(): EngineUnavailable {
  return new EngineUnavailable('closing', 'The engine is closing');
}
