import type { Milliseconds } from '../../core/time.ts';

/**
 * A handshake with a client certificate signs with its private key on the loop's thread (RSA of 4,096 bits: 5 ms): so many
 * of them may come together.
 */
const MAX_UNDER_WAY = 4;
const MAX_UNDER_WAY_OF_GROUP = 2;
/** A peer that is slow to answer keeps no slot for longer: its handshake goes on without one. */
const SLOT_MS: Milliseconds = 1_000;
/**
 * A slot rests after its use. Without that, handshakes that follow each other at once take the whole loop, however few there
 * are: with it they take four tenths of it at most, one group's two.
 */
const REST_MS: Milliseconds = 40;

interface Waiter {
  readonly group: string;
  readonly start: () => void;
}

/** Few costly handshakes at once, in turns between groups (organizations): a group that asks for many waits for itself. */
export class HandshakeSlots {
  readonly #usedBy = new Map<string, number>();
  /** By group; the group that was served last is at the end. */
  readonly #waiting = new Map<string, Set<Waiter>>();
  #used = 0;

  /** For tests. */
  get size(): { used: number; waiting: number } {
    return { used: this.#used, waiting: [...this.#waiting.values()].reduce((sum, { size }) => sum + size, 0) };
  }

  /**
   * Calls `start` when it is its turn, perhaps at once.
   * @returns to be called when the handshake is over, or not wanted any more
   */
  acquire(group: string, start: () => void): () => void {
    let release: (() => void) | undefined;
    const waiter: Waiter = {
      group,
      start: () => {
        release = this.#use(group);
        start();
      },
    };
    if (this.#isFree(group)) waiter.start();
    else this.#waiting.set(group, (this.#waiting.get(group) ?? new Set()).add(waiter));
    return () => {
      if (release === undefined) this.#withdraw(waiter);
      else release();
    };
  }

  #isFree(group: string): boolean {
    return this.#used < MAX_UNDER_WAY && (this.#usedBy.get(group) ?? 0) < MAX_UNDER_WAY_OF_GROUP;
  }

  /** @returns gives the slot back, once */
  #use(group: string): () => void {
    this.#count(group, 1);
    let isHeld = true;
    const release = () => {
      if (!isHeld) return;
      isHeld = false;
      clearTimeout(timer);
      setTimeout(() => {
        this.#count(group, -1);
        this.#startNext();
      }, REST_MS).unref();
    };
    const timer = setTimeout(release, SLOT_MS);
    return release;
  }

  #count(group: string, by: number): void {
    this.#used += by;
    const used = (this.#usedBy.get(group) ?? 0) + by;
    if (used === 0) this.#usedBy.delete(group);
    else this.#usedBy.set(group, used);
  }

  #startNext(): void {
    for (const [group, waiters] of this.#waiting) {
      if (!this.#isFree(group)) continue;
      const [next] = waiters;
      if (next === undefined) continue;
      this.#withdraw(next);
      const rest = this.#waiting.get(group);
      if (rest !== undefined) {
        this.#waiting.delete(group);
        this.#waiting.set(group, rest);
      }
      next.start();
      return;
    }
  }

  #withdraw(waiter: Waiter): void {
    const waiters = this.#waiting.get(waiter.group);
    if (waiters?.delete(waiter) === true && waiters.size === 0) this.#waiting.delete(waiter.group);
  }
}
