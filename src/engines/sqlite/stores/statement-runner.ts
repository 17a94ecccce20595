import type { SQLInputValue } from 'node:sqlite';
import type { Row } from '../../rows/row.ts';
import type { EffectRunner, Parameter, StatementCall, TransactionScript } from '../../stores/statements/index.ts';
import { type Connection, type ReadConnection, readPage, type Statement } from '../database/index.ts';
import type { WriteEffects, WriteQueue } from '../write-queue/index.ts';

/** What a committed transaction brings about, held back with the rest of its group. */
export type SqliteEffect = (effects: WriteEffects) => void;

/** The shared stores on SQLite: reads on the read connection, writes in the write queue; all prepared once, at the start. */
export class SqliteStatements implements EffectRunner<SqliteEffect> {
  readonly #writer: Connection;
  readonly #reader: ReadConnection;
  readonly #queue: WriteQueue;
  readonly #written = new Map<string, Statement>();

  constructor(parts: { writer: Connection; reader: ReadConnection; queue: WriteQueue }) {
    this.#writer = parts.writer;
    this.#reader = parts.reader;
    this.#queue = parts.queue;
  }

  one<Value>(name: string, fromRow: (row: Row) => Value) {
    const statement = this.#reader.prepare(name);
    return (...parameters: Parameter[]): Promise<Value | undefined> =>
      this.#reader.one(statement, bound(parameters), fromRow);
  }

  all<Value>(name: string, fromRow: (row: Row) => Value) {
    const statement = this.#reader.prepare(name);
    return (...parameters: Parameter[]): Promise<Value[]> => this.#reader.all(statement, bound(parameters), fromRow);
  }

  page<Value extends { readonly data: string }>(name: string, fromRow: (row: Row) => Value) {
    const statement = this.#reader.prepare(name);
    return (maxBytes: number, ...parameters: Parameter[]): Promise<Value[]> =>
      this.#reader.read(() => readPage(statement.iterate(...bound(parameters)), fromRow, maxBytes));
  }

  change(name: string) {
    const statement = this.#prepare(name);
    return (...parameters: Parameter[]): Promise<number> =>
      this.#queue.submit(() => Number(statement.run(...bound(parameters)).changes));
  }

  write(name: string) {
    const statement = this.#prepare(name);
    return (...parameters: Parameter[]): Promise<readonly Row[]> =>
      this.#queue.submit(() => statement.all(...bound(parameters)));
  }

  statement(name: string) {
    this.#prepare(name);
    return (...parameters: Parameter[]): StatementCall => ({ name, parameters });
  }

  transaction<Result>(
    script: () => TransactionScript<Result>,
    effect?: (result: Result) => SqliteEffect | undefined,
  ): Promise<Result> {
    return this.#queue.submit((effects) => {
      const calls = script();
      let next = calls.next();
      while (next.done !== true) next = calls.next(this.#run(next.value));
      effect?.(next.value)?.(effects);
      return next.value;
    });
  }

  #run({ name, parameters }: StatementCall): Row[] {
    const statement = this.#written.get(name);
    if (statement === undefined) throw new Error(`The statement ${name} was not prepared`);
    return statement.all(...bound(parameters));
  }

  #prepare(name: string): Statement {
    let statement = this.#written.get(name);
    if (statement === undefined) {
      statement = this.#writer.prepare(name);
      this.#written.set(name, statement);
    }
    return statement;
  }
}

/** Lists as JSON text. Nearly all calls have none and keep their array. */
function bound(parameters: readonly Parameter[]): readonly SQLInputValue[] {
  for (let at = 0; at < parameters.length; at++) {
    const parameter = parameters[at];
    if (typeof parameter === 'object' && parameter !== null) return parameters.map(asText);
  }
  return parameters as readonly SQLInputValue[];
}

function asText(parameter: Parameter): SQLInputValue {
  return typeof parameter === 'object' && parameter !== null ? JSON.stringify(parameter) : parameter;
}
