import type { Milliseconds } from '../../core/time.ts';

const LOOK_MS: Milliseconds = 100;

/**
 * How late a timer fires, ten times a second: for so long the loop was busy with one thing. The library's monitor wakes the
 * process a hundred times a second, which was half of what an idle process cost, and counts its own pause as lag.
 */
export function observeLoopDelay(observe: (lateMs: Milliseconds) => void): void {
  let dueAt = performance.now() + LOOK_MS;
  setInterval(() => {
    const now = performance.now();
    observe(Math.max(0, now - dueAt));
    dueAt = now + LOOK_MS;
  }, LOOK_MS).unref();
}
