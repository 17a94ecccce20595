import type { Milliseconds } from '../../core/time.ts';

/**
 * Concurrent handshakes with a client certificate: each signs with its private key on the event loop's thread (RSA with
 * 4,096 bits: 5 ms).
 */
const MAX_HANDSHAKES = 4;
const MAX_HANDSHAKES_OF_GROUP = 2;
/** A handshake with a slow peer gives its slot up after this time and continues without one. */
const SLOT_MS: Milliseconds = 1_000;
/**
 * Pause of a slot after its use. Without it, consecutive handshakes take the whole event loop, however few there are;
 * with it they take at most four tenths, and one group two.
 */
const COOLDOWN_MS: Milliseconds = 40;

interface Waiter {
  readonly group: string;
  readonly start: () => void;
}

/** Bounds costly handshakes, in turns between groups (organizations), so that a group with many waits only for itself. */
export class HandshakeSlots {
  readonly #usedBy = new Map<string, number>();
  /** By group, in the order of turns: a group that was served moves to the end. */
  readonly #waiting = new Map<string, Set<Waiter>>();
  #used = 0;

  /** For tests. */
  get size(): { used: number; waiting: number } {
    return { used: this.#used, waiting: [...this.#waiting.values()].reduce((sum, { size }) => sum + size, 0) };
  }

  /**
   * Calls `start` when a slot is free, possibly at once.
   * @returns a function to call when the handshake is over or no longer wanted
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
    return this.#used < MAX_HANDSHAKES && (this.#usedBy.get(group) ?? 0) < MAX_HANDSHAKES_OF_GROUP;
  }

  /** @returns a function that releases the slot, once */
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
      }, COOLDOWN_MS).unref();
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
      const remaining = this.#waiting.get(group);
      if (remaining !== undefined) {
        this.#waiting.delete(group);
        this.#waiting.set(group, remaining);
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
