import { isUuid } from '../../../core/ids.ts';
import type { Row } from '../../rows/row.ts';
import type {
  CallOptions,
  EffectRunner,
  Parameter,
  StatementCall,
  StatementOptions,
  TransactionScript,
  WriteOptions,
} from '../../stores/statements/index.ts';
import type { Database } from '../database/index.ts';

/** What a committed transaction brings about. */
export type PostgresEffect = () => void;

/** The shared stores on PostgreSQL. A read may be made again when its connection is cut; a write says whether it may. */
export class PostgresStatements implements EffectRunner<PostgresEffect> {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  one<Value>(name: string, fromRow: (row: Row) => Value, options: CallOptions = {}) {
    const query = this.write(name, { ...options, idempotent: true });
    return async (...parameters: Parameter[]): Promise<Value | undefined> => {
      const [row] = await query(...parameters);
      return row === undefined ? undefined : fromRow(row);
    };
  }

  all<Value>(name: string, fromRow: (row: Row) => Value, options: CallOptions = {}) {
    const query = this.write(name, { ...options, idempotent: true });
    return async (...parameters: Parameter[]): Promise<Value[]> =>
      (await query(...parameters)).map((row) => fromRow(row));
  }

  page<Value extends { readonly data: string }>(name: string, fromRow: (row: Row) => Value, options: CallOptions = {}) {
    const all = this.all(name, fromRow, options);
    return (maxBytes: number, ...parameters: Parameter[]): Promise<Value[]> => all(...parameters, maxBytes);
  }

  change(name: string, options: WriteOptions = {}) {
    this.#database.check(name);
    return async (...parameters: Parameter[]): Promise<number> =>
      mayHaveRows(parameters, options) ? this.#database.change(name, parameters, options) : 0;
  }

  write(name: string, options: WriteOptions = {}) {
    this.#database.check(name);
    return async (...parameters: Parameter[]): Promise<readonly Row[]> =>
      mayHaveRows(parameters, options) ? this.#database.query(name, parameters, options) : [];
  }

  statement(name: string, options: StatementOptions = {}) {
    this.#database.check(name);
    return (...parameters: Parameter[]): StatementCall => ({ ...options, name, parameters });
  }

  async transaction<Result>(
    script: () => TransactionScript<Result>,
    effect?: (result: Result) => PostgresEffect | undefined,
  ): Promise<Result> {
    const result = await this.#database.transaction(async (transaction) => {
      const calls = script();
      let next = calls.next();
      while (next.done !== true) {
        const { name, parameters } = next.value;
        next = calls.next(mayHaveRows(parameters, next.value) ? await transaction.query(name, parameters) : []);
      }
      return next.value;
    });
    effect?.(result)?.();
    return result;
  }
}

/** PostgreSQL refuses to compare an id with a text that is no UUID. */
function mayHaveRows(parameters: readonly Parameter[], { givenId }: StatementOptions): boolean {
  return givenId === undefined || isUuid(String(parameters[givenId - 1]));
}
