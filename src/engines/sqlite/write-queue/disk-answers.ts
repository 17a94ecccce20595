import type { Milliseconds } from '../../../core/time.ts';
import { WriteEffects } from './write-effects.ts';

/** A commit whose writes are already answered is synced after this time at the latest. */
const LAZY_SYNC_MS: Milliseconds = 50;

const NOTHING = new WriteEffects();

interface Committed {
  readonly effects: WriteEffects;
  readonly answer: () => void;
}

interface Hooks {
  /** Syncs every commit made before the call to disk. */
  readonly sync: () => Promise<void>;
  /** Called when a commit is on disk, before its writes are answered. */
  readonly onDurable: (effects: WriteEffects) => void;
  readonly onFailure: (error: unknown) => void;
  /** Called when a sync has ended: gathered writes may be committed, to share the next one. */
  readonly beforeNext: () => void;
  readonly onIdle: () => void;
}

/**
 * Answers committed writes after a sync of the log that began after their commit. One sync at a time; commits made
 * during a sync share the next one.
 *
 * States of a commit: committed → waiting ──a sync begins──► syncing ──sync ends──► durable (answered). An error of a
 * sync ends the engine.
 */
export class DiskAnswers {
  readonly #hooks: Hooks;
  #waiting: Committed[] = [];
  #isBusy = false;
  #isSyncing = false;
  #lazySync: NodeJS.Timeout | undefined;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  /** Whether a write has not been answered yet. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whether a sync is in progress; a commit made now waits for the next one. */
  get isSyncing(): boolean {
    return this.#isSyncing;
  }

  whenDurable(effects: WriteEffects, answer: () => void): void {
    this.#waiting.push({ effects, answer });
    if (!this.#isBusy) void this.#syncAll();
  }

  /** For a commit whose writes are already answered: syncs it with the next sync, or with its own after `LAZY_SYNC_MS`. */
  syncSoon(): void {
    this.#lazySync ??= setTimeout(() => this.whenDurable(NOTHING, () => {}), LAZY_SYNC_MS).unref();
  }

  /** Call when nothing waits. Commits without a sync reach the disk when SQLite closes. */
  close(): void {
    clearTimeout(this.#lazySync);
  }

  async #syncAll(): Promise<void> {
    this.#isBusy = true;
    let durable: readonly Committed[] = [];
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      clearTimeout(this.#lazySync);
      this.#lazySync = undefined;
      const synced = this.#hooks.sync();
      // Answers the previous group while the disk works.
      this.#answer(durable);
      this.#isSyncing = true;
      try {
        await synced;
      } catch (error) {
        this.#isBusy = false;
        this.#hooks.onFailure(error);
        this.#hooks.onIdle();
        return;
      }
      this.#isSyncing = false;
      durable = group;
      this.#hooks.beforeNext();
    }
    this.#answer(durable);
    this.#isBusy = false;
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
