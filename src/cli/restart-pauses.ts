import type { Milliseconds } from '../core/time.ts';

const FIRST_MS: Milliseconds = 500;
const LONGEST_MS: Milliseconds = 30_000;
/** A process that ran this long was healthy: the pauses start again from the first. */
const WELL_AFTER_MS: Milliseconds = 30_000;

/** Computes the pause before a process is restarted: short at first, doubled each time. */
export class RestartPauses {
  #deaths = 0;

  /** @param livedMs how long the process had run */
  next(livedMs: Milliseconds): Milliseconds {
    if (livedMs >= WELL_AFTER_MS) this.#deaths = 0;
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#deaths++);
  }
}
