import type { Clock } from '../../../ports/clock.ts';
import type { EngineHealth } from '../../../ports/engine.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { failureOf } from './sqlite-error.ts';

/**
 * A full disk is told for this long after it was last met, or until the next commit. Not for ever: when nobody writes
 * because the service says that it can't, nothing would ever find out that there is space again.
 */
const DISK_FULL_TOLD_MS = 5_000;

/** What reads and writes found out about the disk. */
export class StorageHealth {
  readonly #clock: Clock;
  #diskFullAtMs = Number.NEGATIVE_INFINITY;
  /** Stays: a file once found damaged must be looked at. */
  #broken: string | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): EngineHealth {
    if (this.#broken !== null) return { status: 'failed', reason: this.#broken };
    if (this.#clock.monotonicMs() - this.#diskFullAtMs < DISK_FULL_TOLD_MS) {
      return {
        status: 'failed',
        reason: 'The disk of DATA_DIR is full: nothing can be accepted until there is space.',
      };
    }
    return { status: 'ok', reason: null };
  }

  committed(): void {
    this.#diskFullAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Takes note of a failure. @returns what the caller is told: the engine's trouble as `EngineUnavailable` */
  failed(error: unknown): unknown {
    switch (failureOf(error)) {
      case 'disk_full':
        this.#diskFullAtMs = this.#clock.monotonicMs();
        return new EngineUnavailable('disk_full', 'The disk is full');
      case 'io':
        this.#broken = 'The disk of DATA_DIR failed: check it, then start again.';
        return new EngineUnavailable('storage_failed', 'The disk failed', 10);
      case 'corrupt':
        this.#broken = 'The database is damaged: stop, check the disk and restore a backup.';
        return new EngineUnavailable('storage_failed', 'The database is damaged', 10);
      case 'busy':
        return new EngineUnavailable('storage_failed', 'The database is locked by another program');
      default:
        return error;
    }
  }
}
