import type { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import type { Milliseconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';

/** Time to finish work in progress after the first signal. Unfinished work is then interrupted, and is done again later. */
export const DRAIN_TIMEOUT_MS = 30_000;
/** One Ctrl-C arrives more than once: from the terminal, and from scripts/launch.mjs. */
const SAME_SIGNAL_MS = 500;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The parts of `process` that this module uses. */
export interface SignalSource extends Pick<EventEmitter, 'on'> {
  /** Whether the parent has a channel to this process. The channel breaks when the parent ends for any reason. */
  readonly connected?: boolean;
}

/**
 * Resolves with a short reason at the first SIGINT, SIGTERM or SIGHUP, or when the parent that opened a channel to this process
 * has ended. A further signal at least half a second later means that the operator does not want to wait: `exit` is called at
 * once with 128 + its number.
 */
export function stopRequested(source: SignalSource, clock: Clock, exit: (code: number) => void): Promise<string> {
  return new Promise((resolve) => {
    let firstAt: Milliseconds | undefined;
    for (const signal of SIGNALS) {
      source.on(signal, () => {
        if (firstAt !== undefined && clock.monotonicMs() - firstAt >= SAME_SIGNAL_MS) {
          exit(128 + constants.signals[signal]);
        }
        firstAt ??= clock.monotonicMs();
        resolve(signal);
      });
    }
    if (source.connected !== true) return;
    source.on('disconnect', () => {
      firstAt ??= clock.monotonicMs();
      resolve('the process that started this one is gone');
    });
  });
}

/** @returns whether `stop` ended in time */
export async function stopWithin(stop: () => Promise<void>, timeoutMs: Milliseconds): Promise<boolean> {
  const timedOut = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => timedOut.resolve(false), timeoutMs);
  try {
    return await Promise.race([stop().then(() => true), timedOut.promise]);
  } finally {
    clearTimeout(timer);
  }
}
