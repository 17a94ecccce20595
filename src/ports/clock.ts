import type { Milliseconds, Timestamp } from '../core/time.ts';

/** The only way to the time. Tests inject their own. */
export interface Clock {
  /** Wall clock: for what is stored or shown. May jump, also backwards. */
  now(): Timestamp;
  /** Never jumps: for durations. Starts anywhere. */
  monotonicMs(): Milliseconds;
}
