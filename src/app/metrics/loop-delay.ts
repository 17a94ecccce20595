import type { Milliseconds } from '../../core/time.ts';

const LOOK_MS: Milliseconds = 100;

/**
 * Measures the delay of a timer ten times a second, which shows how long the loop was blocked. The library's monitor wakes the
 * process a hundred times a second, which was half of the CPU of an idle process, and counts its own interval as delay.
 */
export function observeLoopDelay(observe: (lateMs: Milliseconds) => void): void {
  let dueAt = performance.now() + LOOK_MS;
  setInterval(() => {
    const now = performance.now();
    observe(Math.max(0, now - dueAt));
    dueAt = now + LOOK_MS;
  }, LOOK_MS).unref();
}
