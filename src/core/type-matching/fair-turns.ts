import type { OrganizationId } from '../ids.ts';
import type { Milliseconds } from '../time.ts';

/** Time per slice of the event loop. */
const TURN_MS: Milliseconds = 2;
/** Longest pause after a slice, however long the slice took. */
const MAX_PAUSE_MS: Milliseconds = 20;

/**
 * Shares the event loop between organizations for long work: each slice runs pieces for 2 ms, one organization after
 * the other; then all other work has twice that time. A piece must be short, about 1 ms.
 */
export class FairTurns {
  readonly #clock: { monotonicMs(): Milliseconds };
  readonly #pause: (ms: Milliseconds) => Promise<void>;
  /** In the order of turns: an organization that was served moves to the end. */
  readonly #queues = new Map<OrganizationId, (() => void)[]>();
  #isWorking = false;

  /** @param parts.pause resolves after a time; 0 = in the next turn of the event loop */
  constructor(parts: { clock: { monotonicMs(): Milliseconds }; pause: (ms: Milliseconds) => Promise<void> }) {
    this.#clock = parts.clock;
    this.#pause = parts.pause;
  }

  /** Runs a piece in its organization's turn. A slice is measured by the pieces' synchronous parts. */
  run<Result>(organizationId: OrganizationId, piece: () => Result | Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const start = () => {
        try {
          resolve(piece());
        } catch (error) {
          reject(error);
        }
      };
      const queue = this.#queues.get(organizationId);
      if (queue === undefined) this.#queues.set(organizationId, [start]);
      else queue.push(start);
      if (!this.#isWorking) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#queues.size > 0) {
      await this.#pause(0);
      const startedAt = this.#clock.monotonicMs();
      let usedMs = 0;
      do {
        this.#next()?.();
        // Lets the owner add its next piece, which happens in a microtask, before the queues are checked.
        await undefined;
        await undefined;
        usedMs = this.#clock.monotonicMs() - startedAt;
      } while (usedMs < TURN_MS && this.#queues.size > 0);
      if (usedMs >= 1) await this.#pause(Math.min(MAX_PAUSE_MS, 2 * usedMs));
    }
    this.#isWorking = false;
  }

  #next(): (() => void) | undefined {
    for (const [organizationId, queue] of this.#queues) {
      const next = queue.shift();
      this.#queues.delete(organizationId);
      if (queue.length > 0) this.#queues.set(organizationId, queue);
      return next;
    }
    return undefined;
  }
}
