import type { StatementSync } from 'node:sqlite';
import type { OrganizationId } from '../../../core/ids.ts';
import type { Milliseconds } from '../../../core/time.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { type Connection, failureOf } from '../database/index.ts';
import { DiskAnswers } from './disk-answers.ts';
import { type Durability, PendingWrites, type SteppedWrite, type Write } from './pending-writes.ts';
import { WriteEffects } from './write-effects.ts';

/**
 * One group keeps the event loop for about this long, its commit included: what has gathered beyond it waits for the
 * next. A time and not a count, because a write may be one row or a thousand.
 */
const GROUP_BUDGET_MS = 8;
/** Above this many a group is committed though the disk is at work. */
const MAX_GATHERED = 256;
/**
 * For so long a write that does not wait for the disk waits for others: a commit of its own costs more than all it writes. The
 * end of an attempt is such a one, and its lane has less room meanwhile.
 */
const PATIENCE_MS: Milliseconds = 2;
/** How often a write of many steps lets others have the loop. */
const STEP_BUDGET_MS = 8;

type Result = { readonly value: unknown } | { readonly error: unknown };

/**
 * All writes, one after the other, as few commits as possible: what has gathered when the loop comes round runs as one
 * `BEGIN IMMEDIATE … COMMIT`. It is answered when a sync of the log that began after the commit has ended; while the disk
 * works, the loop goes on, and what is committed meanwhile shares the next sync. A write that throws fails alone: the group
 * is run again with a savepoint around each, so a write must be able to run twice.
 */
export class WriteQueue {
  readonly #db: Connection['db'];
  /** Prepared: thousands of commits a second would be parsed anew. */
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #disk: DiskAnswers;
  readonly #onCommit: (effects: WriteEffects, writes: number) => void;
  readonly #onDurable: (effects: WriteEffects) => void;
  readonly #onFailure: (error: unknown) => unknown;
  readonly #onFatal: (error: unknown) => void;
  readonly #pending = new PendingWrites();
  #scheduled = false;
  /** Runs while there are writes in the queue that don't wait for the disk. */
  #patience: NodeJS.Timeout | undefined;
  #patienceIsOver = false;
  #state: 'open' | 'closing' | 'dead' = 'open';
  #whenEmpty: (() => void) | undefined;
  /** Transactions so far, for tests and figures. */
  commits = 0;

  constructor(
    connection: Connection,
    hooks: {
      /** Brings every commit made before the call to the disk. */
      sync: () => Promise<void>;
      /** Right after a commit: what is counted in memory follows. */
      onCommit: (effects: WriteEffects, writes: number) => void;
      /** The commit is on the disk: others may be told. Before its writes are answered. */
      onDurable: (effects: WriteEffects) => void;
      /** @returns what the writers are told */
      onFailure: (error: unknown) => unknown;
      /** The disk failed: nothing can be promised, so nothing is answered; the process must end. */
      onFatal: (error: unknown) => void;
    },
  ) {
    this.#db = connection.db;
    this.#begin = connection.db.prepare('BEGIN IMMEDIATE');
    this.#commit = connection.db.prepare('COMMIT');
    this.#onCommit = hooks.onCommit;
    this.#onDurable = hooks.onDurable;
    this.#disk = new DiskAnswers({
      sync: hooks.sync,
      onDurable: hooks.onDurable,
      onFailure: (error) => this.#die(error),
      beforeNext: () => this.#commitGathered(),
      onIdle: () => this.#tellIfEmpty(),
    });
    this.#onFailure = hooks.onFailure;
    this.#onFatal = hooks.onFatal;
  }

  /** Resolves with what `run` returned. */
  submit<Value>(run: (effects: WriteEffects) => Value, durability: Durability = 'durable'): Promise<Value> {
    return new Promise<Value>((resolve, reject) =>
      this.#add({ run, durability, resolve, reject }, (write) => this.#pending.add(write)),
    );
  }

  /** A write that may be of many rows, in turn with those of other organizations (`PendingWrites`). */
  submitLong<Value>(organizationId: OrganizationId, run: (effects: WriteEffects) => Value): Promise<Value> {
    return new Promise<Value>((resolve, reject) =>
      this.#add({ run, durability: 'durable', resolve, reject }, (write) =>
        this.#pending.addLong(organizationId, write),
      ),
    );
  }

  /** A long write, in one transaction of its own: it may `yield` wherever others may have the loop for a moment. */
  submitSteps<Value>(steps: (effects: WriteEffects) => Generator<undefined, Value>): Promise<Value> {
    return new Promise<Value>((resolve, reject) =>
      this.#add({ steps, durability: 'durable', resolve, reject }, (write) => this.#pending.add(write)),
    );
  }

  /** Finishes what was submitted; what comes later rejects. */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing';
    if (this.#isBusy()) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
    }
    this.#disk.close();
  }

  #add<Each extends Write | SteppedWrite>(write: Each, enqueue: (write: Each) => void): void {
    if (this.#state !== 'open') {
      const code = this.#state === 'dead' ? 'storage_failed' : 'closing';
      write.reject(new EngineUnavailable(code, code === 'closing' ? 'The engine is closing' : 'The disk failed'));
      return;
    }
    enqueue(write);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    if (this.#mayGather()) {
      this.#scheduled = false;
      if (this.#pending.someShort(({ durability }) => durability === 'committed')) this.#bePatient();
      return;
    }
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#patienceIsOver = false;
    const stepped = this.#pending.takeStepped();
    if (stepped === undefined) this.#runGroup();
    else await this.#runSteps(stepped);
    this.#scheduled = false;
    if (this.#pending.length > 0) this.#schedule();
    else this.#tellIfEmpty();
  }

  /**
   * While the disk works on the commit before, writes gather: those that wait for the disk will share the next sync whenever
   * they are committed before it, and one commit of many costs less than several of few.
   */
  #mayGather(): boolean {
    return (
      this.#disk.diskWorks &&
      !this.#patienceIsOver &&
      this.#pending.length < MAX_GATHERED &&
      !this.#pending.someShort((write) => 'steps' in write)
    );
  }

  #bePatient(): void {
    this.#patience ??= setTimeout(() => {
      this.#patienceIsOver = true;
      this.#commitGathered();
    }, PATIENCE_MS);
  }

  #tellIfEmpty(): void {
    if (!this.#isBusy()) this.#whenEmpty?.();
  }

  #isBusy(): boolean {
    return this.#pending.length > 0 || this.#scheduled || this.#disk.busy;
  }

  #commitGathered(): void {
    if (this.#scheduled || this.#pending.length === 0 || this.#state === 'dead') return;
    this.#scheduled = true;
    void this.#flush();
  }

  #runGroup(): void {
    const results: unknown[] = [];
    const effects = new WriteEffects(true);
    const started = performance.now();
    let begun = 0;
    try {
      this.#begin.run();
      for (const write of this.#pending.group()) {
        if (performance.now() - started > GROUP_BUDGET_MS) break;
        begun++;
        results.push(write.run(effects));
      }
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      // When there could be no transaction at all, the first is told so; the others try again.
      const group = this.#pending.take(Math.max(1, begun));
      if (failureOf(error) === 'other' && group.length > 1) this.#runAlone(group);
      else this.#fail(group, error);
      return;
    }
    const group = this.#pending.take(results.length);
    this.#afterCommit(effects, group, (write, at) => write.resolve(results[at] as never));
  }

  /** The second run of a group: each write in its savepoint. */
  #runAlone(group: readonly Write[]): void {
    const results: Result[] = [];
    const effects = new WriteEffects();
    try {
      this.#begin.run();
      for (const write of group) results.push(this.#runInSavepoint(write, effects));
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      this.#fail(group, error);
      return;
    }
    this.#afterCommit(effects, group, (write, at) => {
      const result = results[at];
      if (result === undefined || 'error' in result) write.reject(result?.error);
      else write.resolve(result.value as never);
    });
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

  async #runSteps(write: SteppedWrite): Promise<void> {
    const effects = new WriteEffects();
    let value: unknown;
    try {
      this.#begin.run();
      const steps = write.steps(effects);
      let started = performance.now();
      let step = steps.next();
      while (step.done !== true) {
        if (performance.now() - started > STEP_BUDGET_MS) {
          await new Promise((resolve) => setImmediate(resolve));
          started = performance.now();
        }
        step = steps.next();
      }
      value = step.value;
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      this.#fail([write], error);
      return;
    }
    this.#afterCommit(effects, [write], () => write.resolve(value as never));
  }

  #afterCommit<Each extends Write | SteppedWrite>(
    effects: WriteEffects,
    group: readonly Each[],
    answer: (write: Each, at: number) => void,
  ): void {
    this.commits++;
    this.#onCommit(effects, group.length);
    const waits = (write: Each): boolean => write.durability === 'durable';
    group.forEach((write, at) => {
      if (!waits(write)) answer(write, at);
    });
    if (group.some(waits)) {
      this.#disk.whenDurable(effects, () => {
        group.forEach((write, at) => {
          if (waits(write)) answer(write, at);
        });
      });
    } else {
      this.#onDurable(effects);
      this.#disk.syncSoon();
    }
  }

  #rollback(): void {
    // SQLite has rolled back by itself after some errors (full disk, I/O); a second ROLLBACK would throw.
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  /** What the kernel still holds of the log can't be known any more: nobody is answered from here on. */
  #die(error: unknown): void {
    this.#state = 'dead';
    this.#pending.clear();
    this.#onFatal(error);
  }

  #fail(group: readonly (Write | SteppedWrite)[], error: unknown): void {
    const told = this.#onFailure(error);
    if (failureOf(error) === 'io') {
      this.#die(error);
      return;
    }
    for (const write of group) write.reject(told);
  }
}
