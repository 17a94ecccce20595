/** Retries, pauses and turns: how long-running work waits, and leaves room for others. */
export { Retries } from './backoff.ts';
export { Turns } from './loop-turns.ts';
export { ProgressWatch } from './progress-watch.ts';
export { Reads } from './read-slots.ts';
export { Perseverance } from './retry-loop.ts';
export { type StalledTimes, stallReason } from './stalled-times.ts';
