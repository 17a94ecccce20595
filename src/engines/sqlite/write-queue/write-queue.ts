import type { OrganizationId } from '../../../core/ids.ts';
import type { Milliseconds } from '../../../core/time.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { type Connection, failureOf } from '../database/index.ts';
import { DiskAnswers } from './disk-answers.ts';
import { PendingWrites } from './pending-writes.ts';
import { type Durability, type SteppedWrite, Transactions, type Write } from './transactions.ts';
import type { WriteEffects } from './write-effects.ts';

/** With this many writes a group is committed even during a sync. */
const MAX_GATHERED = 256;
/**
 * How long a `committed` write waits during a sync for others to share its commit, which costs more than the rows it
 * writes. Such a write is the end of an attempt, and its lane has less capacity meanwhile.
 */
const MAX_GATHER_MS: Milliseconds = 2;

interface WriteQueueHooks {
  /** Syncs every commit made before the call to disk. */
  readonly sync: () => Promise<void>;
  /** Called after each commit, to update counts in memory. */
  readonly onCommit: (effects: WriteEffects, writes: number) => void;
  /** Called when a commit is on disk, before its writes are answered: listeners may be notified. */
  readonly onDurable: (effects: WriteEffects) => void;
  /** @returns the error for the writers */
  readonly onFailure: (error: unknown) => unknown;
  /** The disk failed: nothing can be promised and nothing is answered any more; the process must end. */
  readonly onFatal: (error: unknown) => void;
}

/**
 * The one writer. Writes that gather within a turn of the event loop run as one `BEGIN IMMEDIATE … COMMIT`, and are
 * answered after a sync of the log that began after the commit. The event loop continues during a sync, and commits made
 * meanwhile share the next one. A write that throws fails alone (`Transactions`).
 *
 * States of a write:
 *   submitted → queued → in a transaction → committed ──`committed`──► answered
 *                                           committed ──`durable`──► synced (`DiskAnswers`) → answered
 * When the next group runs:
 *   no sync in progress                             in the next turn of the event loop
 *   sync in progress, writes gather                 when it ends, after 2 ms if a `committed` write waits, at 256 writes,
 *                                                   or at once for a stepped write
 * States of the queue:
 *   open ──close──► closing ──empty──► closed;   open, closing ──I/O error──► dead, nothing is answered
 */
export class WriteQueue {
  readonly #transactions: Transactions;
  readonly #disk: DiskAnswers;
  readonly #hooks: WriteQueueHooks;
  readonly #pending = new PendingWrites();
  #isScheduled = false;
  /** Runs while the queue has writes that do not wait for the disk. */
  #gatherTimer: NodeJS.Timeout | undefined;
  #hasGathered = false;
  #state: 'open' | 'closing' | 'dead' = 'open';
  #onEmpty: (() => void) | undefined;
  /** Transactions so far, for tests and figures. */
  commits = 0;

  constructor(connection: Connection, hooks: WriteQueueHooks) {
    this.#transactions = new Transactions(connection);
    this.#hooks = hooks;
    this.#disk = new DiskAnswers({
      sync: hooks.sync,
      onDurable: hooks.onDurable,
      onFailure: (error) => this.#die(error),
      beforeNext: () => this.#commitGathered(),
      onIdle: () => this.#notifyIfEmpty(),
    });
  }

  /** Resolves with the value that `run` returns. */
  submit<Value>(run: (effects: WriteEffects) => Value, durability: Durability = 'durable'): Promise<Value> {
    return new Promise<Value>((resolve, reject) =>
      this.#add({ run, durability, resolve, reject }, (write) => this.#pending.add(write)),
    );
  }

  /** Runs a write that may change many rows, in turn with those of other organizations (`PendingWrites`). */
  submitLong<Value>(organizationId: OrganizationId, run: (effects: WriteEffects) => Value): Promise<Value> {
    return new Promise<Value>((resolve, reject) =>
      this.#add({ run, durability: 'durable', resolve, reject }, (write) =>
        this.#pending.addLong(organizationId, write),
      ),
    );
  }

  /** Runs a long write in a transaction of its own; it may `yield` where the event loop may serve others. */
  submitSteps<Value>(steps: (effects: WriteEffects) => Generator<undefined, Value>): Promise<Value> {
    return new Promise<Value>((resolve, reject) =>
      this.#add({ steps, durability: 'durable', resolve, reject }, (write) => this.#pending.add(write)),
    );
  }

  /** Finishes submitted writes; later ones reject. */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing';
    if (this.#isBusy()) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
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
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    if (this.#shouldGather()) {
      this.#isScheduled = false;
      if (this.#pending.someShort(({ durability }) => durability === 'committed')) this.#startGatherTimer();
      return;
    }
    clearTimeout(this.#gatherTimer);
    this.#gatherTimer = undefined;
    this.#hasGathered = false;
    const stepped = this.#pending.takeStepped();
    if (stepped === undefined) this.#runGroup();
    else await this.#runSteps(stepped);
    this.#isScheduled = false;
    if (this.#pending.length > 0) this.#schedule();
    else this.#notifyIfEmpty();
  }

  /**
   * During a sync writes gather: `durable` ones share the next sync whenever they are committed before it, and one commit
   * of many writes costs less than several of few.
   */
  #shouldGather(): boolean {
    return (
      this.#disk.isSyncing &&
      !this.#hasGathered &&
      this.#pending.length < MAX_GATHERED &&
      !this.#pending.someShort((write) => 'steps' in write)
    );
  }

  #startGatherTimer(): void {
    this.#gatherTimer ??= setTimeout(() => {
      this.#hasGathered = true;
      this.#commitGathered();
    }, MAX_GATHER_MS);
  }

  #commitGathered(): void {
    if (this.#isScheduled || this.#pending.length === 0 || this.#state === 'dead') return;
    this.#isScheduled = true;
    void this.#flush();
  }

  #runGroup(): void {
    const outcome = this.#transactions.runGroup(this.#pending.group());
    const group = this.#pending.take(outcome.count);
    if (outcome.kind === 'failed') this.#fail(group, outcome.error);
    else this.#afterCommit(outcome.effects, group, outcome.answer);
  }

  async #runSteps(write: SteppedWrite): Promise<void> {
    let done: Awaited<ReturnType<Transactions['runSteps']>>;
    try {
      done = await this.#transactions.runSteps(write);
    } catch (error) {
      this.#fail([write], error);
      return;
    }
    this.#afterCommit(done.effects, [write], () => write.resolve(done.value as never));
  }

  #afterCommit<Each extends Write | SteppedWrite>(
    effects: WriteEffects,
    group: readonly Each[],
    answer: (write: Each, at: number) => void,
  ): void {
    this.commits++;
    this.#hooks.onCommit(effects, group.length);
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
      this.#hooks.onDurable(effects);
      this.#disk.syncSoon();
    }
  }

  #notifyIfEmpty(): void {
    if (!this.#isBusy()) this.#onEmpty?.();
  }

  #isBusy(): boolean {
    return this.#pending.length > 0 || this.#isScheduled || this.#disk.isBusy;
  }

  /** After an I/O error nobody knows what the kernel still holds of the log: nothing is answered from here on. */
  #die(error: unknown): void {
    this.#state = 'dead';
    this.#pending.clear();
    this.#hooks.onFatal(error);
  }

  #fail(group: readonly (Write | SteppedWrite)[], error: unknown): void {
    const writersError = this.#hooks.onFailure(error);
    if (failureOf(error) === 'io') {
      this.#die(error);
      return;
    }
    for (const write of group) write.reject(writersError);
  }
}
