import type { Milliseconds } from '../core/time.ts';

const FIRST_MS: Milliseconds = 500;
const LONGEST_MS: Milliseconds = 30_000;
/** Who lived this long was well: the next death is a first one. */
const WELL_AFTER_MS: Milliseconds = 30_000;

/** How long to wait before a process that died is started again: at once nearly, then longer each time. */
export class RestartPauses {
  #deaths = 0;

  /** @param livedMs how long the one that died had run */
  next(livedMs: Milliseconds): Milliseconds {
    if (livedMs >= WELL_AFTER_MS) this.#deaths = 0;
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#deaths++);
  }
}
