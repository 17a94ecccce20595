import { EngineUnavailable } from '../../../ports/unavailable.ts';
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
    if (this.#closed) throw new EngineUnavailable('closing', 'The engine is closing');
    try {
      return query();
    } catch (error) {
      throw this.#health.failed(error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#connection.db.close();
  }
}
