/** Retries, pauses and turns: how long-running work waits and shares the event loop. */
export { Backoff } from './backoff.ts';
export { LoopTurns } from './loop-turns.ts';
export { ProgressWatch } from './progress-watch.ts';
export { ReadSlots } from './read-slots.ts';
export { RetryLoop } from './retry-loop.ts';
export { type StalledTimes, stallReason } from './stalled-times.ts';
