import type { Milliseconds } from '../../core/time.ts';
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
  #failed = false;
  #lazySync: NodeJS.Timeout | undefined;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  get busy(): boolean {
    return this.#syncing;
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
    while (this.#waiting.length > 0 && !this.#failed) {
      const group = this.#waiting;
      this.#waiting = [];
      clearTimeout(this.#lazySync);
      this.#lazySync = undefined;
      try {
        await this.#hooks.sync();
      } catch (error) {
        this.#failed = true;
        this.#hooks.onFailure(error);
        break;
      }
      for (const { effects, answer } of group) {
        this.#hooks.onDurable(effects);
        answer();
      }
    }
    this.#syncing = false;
    this.#hooks.onIdle();
  }
}
