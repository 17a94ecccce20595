import type { Milliseconds } from '../../../core/time.ts';
import { WriteEffects } from './write-effects.ts';

/** A commit that nobody waits for is on the disk after this at the latest. */
const LAZY_SYNC_MS: Milliseconds = 50;

const NOTHING = new WriteEffects();

interface Committed {
  readonly effects: WriteEffects;
  readonly answer: () => void;
}

interface Hooks {
  /** Brings every commit made before the call to the disk. */
  readonly sync: () => Promise<void>;
  /** The commit is on the disk: others may be told. Before its writes are answered. */
  readonly onDurable: (effects: WriteEffects) => void;
  readonly onFailure: (error: unknown) => void;
  /** A sync has ended: what has gathered meanwhile may be committed now, to share the next. */
  readonly beforeNext: () => void;
  readonly onIdle: () => void;
}

/**
 * Answers committed writes when a sync of the log that began after their commit has ended. One sync at a time: what is
 * committed while the disk works shares the next.
 */
export class DiskAnswers {
  readonly #hooks: Hooks;
  #waiting: Committed[] = [];
  #syncing = false;
  #diskWorks = false;
  #lazySync: NodeJS.Timeout | undefined;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  /** Somebody has not been answered yet. */
  get busy(): boolean {
    return this.#syncing;
  }

  /** A sync is under way: what is committed now waits for the next. */
  get diskWorks(): boolean {
    return this.#diskWorks;
  }

  whenDurable(effects: WriteEffects, answer: () => void): void {
    this.#waiting.push({ effects, answer });
    if (!this.#syncing) void this.#syncAll();
  }

  /** For a commit whose writes are answered already: the next sync takes it along, or one of its own a little later. */
  syncSoon(): void {
    this.#lazySync ??= setTimeout(() => this.whenDurable(NOTHING, () => {}), LAZY_SYNC_MS).unref();
  }

  /** When nobody waits any more. What no sync has taken along goes to the disk as SQLite closes. */
  close(): void {
    clearTimeout(this.#lazySync);
  }

  async #syncAll(): Promise<void> {
    this.#syncing = true;
    let durable: readonly Committed[] = [];
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      clearTimeout(this.#lazySync);
      this.#lazySync = undefined;
      const synced = this.#hooks.sync();
      // While the disk works, the answers to what it had before.
      this.#answer(durable);
      this.#diskWorks = true;
      try {
        await synced;
      } catch (error) {
        this.#syncing = false;
        this.#hooks.onFailure(error);
        this.#hooks.onIdle();
        return;
      }
      this.#diskWorks = false;
      durable = group;
      this.#hooks.beforeNext();
    }
    this.#answer(durable);
    this.#syncing = false;
    if (this.#waiting.length > 0) void this.#syncAll();
    else this.#hooks.onIdle();
  }

  #answer(group: readonly Committed[]): void {
    for (const { effects, answer } of group) {
      this.#hooks.onDurable(effects);
      answer();
    }
  }
}
