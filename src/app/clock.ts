import { type Timestamp, timestamp } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';

/** The clock of this machine. */
export class SystemClock implements Clock {
  now(): Timestamp {
    return timestamp(Date.now());
  }

  monotonicMs(): number {
    return performance.now();
  }
}
