import type { Clock } from '../../../ports/clock.ts';
import type { EngineHealth } from '../../../ports/engine.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { failureOf } from './sqlite-error.ts';

/**
 * How long a full disk is reported after it was last seen, or until the next commit. Not forever: while nothing writes
 * because the service reports failure, nothing would notice free space.
 */
const DISK_FULL_REPORTED_MS = 5_000;

/** The state of the disk, as reads and writes found it. */
export class StorageHealth {
  readonly #clock: Clock;
  #diskFullAtMs = Number.NEGATIVE_INFINITY;
  /** Permanent: a damaged file needs an operator. */
  #broken: string | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): EngineHealth {
    if (this.#broken !== null) return { status: 'failed', reason: this.#broken };
    if (this.#clock.monotonicMs() - this.#diskFullAtMs < DISK_FULL_REPORTED_MS) {
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

  /** Records a failure. @returns the error for the caller: an `EngineUnavailable` for a failure of the engine */
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
