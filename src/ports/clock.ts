import type { Milliseconds, Timestamp } from '../core/time.ts';

/** The only source of time. Tests inject their own. */
export interface Clock {
  /** Wall-clock time, for values that are stored or shown. May jump, also backwards. */
  now(): Timestamp;
  /** Monotonic time, for durations; its origin is arbitrary. */
  monotonicMs(): Milliseconds;
}
