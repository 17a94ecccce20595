import type { OrganizationId } from '../ids.ts';
import type { Milliseconds } from '../time.ts';

/** Of the event loop in one turn. */
const TURN_MS: Milliseconds = 2;
/** After a turn that took very long, by whatever. */
const MAX_PAUSE_MS: Milliseconds = 20;

/**
 * Pieces of long work share the event loop by organization: each turn runs pieces for 2 ms, one organization after the
 * other, then everything else has twice that time. A piece must be short (about a millisecond).
 */
export class FairTurns {
  readonly #clock: { monotonicMs(): Milliseconds };
  readonly #pause: (ms: Milliseconds) => Promise<void>;
  /** Insertion order is the order of turns: an organization that was served goes to the end. */
  readonly #queues = new Map<OrganizationId, (() => void)[]>();
  #isWorking = false;

  /** @param parts.pause resolves after so long; 0 = when the event loop has come round */
  constructor(parts: { clock: { monotonicMs(): Milliseconds }; pause: (ms: Milliseconds) => Promise<void> }) {
    this.#clock = parts.clock;
    this.#pause = parts.pause;
  }

  /** Runs a piece in its turn; what it does before it first waits is what a turn is measured by. */
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
        // The owner of the piece adds its next one in a microtask: before this turn looks whether there is more.
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
