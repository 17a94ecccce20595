import type { StatementSync } from 'node:sqlite';
import { type Connection, failureOf } from '../database/index.ts';
import { WriteEffects } from './write-effects.ts';

/**
 * A group keeps the event loop for about this long, commit included; further writes wait for the next group. A time and
 * not a count, because a write may change one row or a thousand.
 */
const GROUP_BUDGET_MS = 8;
/** How often a write of many steps yields to the event loop. */
const STEP_BUDGET_MS = 8;

/**
 * When a write is answered. `durable`: when it is on disk, so that it may be promised to a client. `committed`: when it
 * is in the log, which a killed process cannot lose but a power cut can; for work that is then simply repeated.
 */
export type Durability = 'durable' | 'committed';

export interface Write {
  readonly durability: Durability;
  readonly run: (effects: WriteEffects) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** A long write in a transaction of its own, which yields to the event loop between its steps. */
export interface SteppedWrite {
  readonly durability: Durability;
  readonly steps: (effects: WriteEffects) => Generator<undefined, unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export type GroupOutcome =
  | {
      readonly kind: 'committed';
      /** How many of the writes were in the group. */
      readonly count: number;
      readonly effects: WriteEffects;
      /** Resolves or rejects the write at this index of the group. */
      readonly answer: (write: Write, at: number) => void;
    }
  /** Nothing was written. */
  | { readonly kind: 'failed'; readonly count: number; readonly error: unknown };

type Result = { readonly value: unknown } | { readonly error: unknown };

/**
 * Runs writes in transactions.
 *
 * States of a group:
 *   BEGIN ──all writes ran──► COMMIT ──► committed
 *   BEGIN ──a write threw──► ROLLBACK ──► BEGIN, each write in a savepoint ──► COMMIT; only the failing writes reject
 *   any ──disk full, I/O error, …──► ROLLBACK ──► failed, for the whole group
 * A write may therefore run twice, and must have no effect outside of the database but its `WriteEffects`.
 */
export class Transactions {
  readonly #db: Connection['db'];
  /** Prepared, because thousands of commits a second would otherwise be parsed. */
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;

  constructor({ db }: Connection) {
    this.#db = db;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
  }

  /** Runs writes one after the other, up to the time budget. @param writes consumed as they are run */
  runGroup(writes: Iterable<Write>): GroupOutcome {
    const results: unknown[] = [];
    const effects = new WriteEffects(true);
    const startedAt = performance.now();
    const begun: Write[] = [];
    try {
      this.#begin.run();
      for (const write of writes) {
        if (performance.now() - startedAt > GROUP_BUDGET_MS) break;
        begun.push(write);
        results.push(write.run(effects));
      }
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      // If BEGIN itself failed, the first write gets the error and the others are tried again.
      if (failureOf(error) === 'other' && begun.length > 1) return this.#runInSavepoints(begun);
      return { kind: 'failed', count: Math.max(1, begun.length), error };
    }
    const answer = (write: Write, at: number) => write.resolve(results[at] as never);
    return { kind: 'committed', count: results.length, effects, answer };
  }

  /** @throws the error of a step, or of the commit; nothing was written then */
  async runSteps(write: SteppedWrite): Promise<{ readonly effects: WriteEffects; readonly value: unknown }> {
    const effects = new WriteEffects();
    try {
      this.#begin.run();
      const steps = write.steps(effects);
      let startedAt = performance.now();
      let step = steps.next();
      while (step.done !== true) {
        if (performance.now() - startedAt > STEP_BUDGET_MS) {
          await new Promise((resolve) => setImmediate(resolve));
          startedAt = performance.now();
        }
        step = steps.next();
      }
      this.#commit.run();
      return { effects, value: step.value };
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** The second run of a group in which a write threw. */
  #runInSavepoints(group: readonly Write[]): GroupOutcome {
    const results: Result[] = [];
    const effects = new WriteEffects();
    try {
      this.#begin.run();
      for (const write of group) results.push(this.#runInSavepoint(write, effects));
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      return { kind: 'failed', count: group.length, error };
    }
    const answer = (write: Write, at: number) => {
      const result = results[at];
      if (result === undefined || 'error' in result) write.reject(result?.error);
      else write.resolve(result.value as never);
    };
    return { kind: 'committed', count: group.length, effects, answer };
  }

  #runInSavepoint(write: Write, groupEffects: WriteEffects): Result {
    this.#db.exec('SAVEPOINT one_write');
    try {
      const effects = new WriteEffects();
      const value = write.run(effects);
      this.#db.exec('RELEASE one_write');
      groupEffects.add(effects);
      return { value };
    } catch (error) {
      if (failureOf(error) !== 'other') throw error;
      this.#db.exec('ROLLBACK TO one_write; RELEASE one_write');
      return { error };
    }
  }

  #rollback(): void {
    // After some errors (full disk, I/O) SQLite has rolled back by itself, and a second ROLLBACK would throw.
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }
}
