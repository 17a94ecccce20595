import type { AttemptError } from '../../core/delivery/delivery.ts';
import type { Milliseconds } from '../../core/time.ts';

/**
 * What happened, counted and timed. Nothing here names a tenant, an endpoint, a type or an id. Never throws, and costs
 * less than 0.2 µs a call.
 */
export interface Metrics {
  /** @param route its pattern (`/api/events/:id`), `unknown` where no route ran */
  request(route: string, method: string, status: number, tookMs: Milliseconds): void;
  /** What acceptance said of so many events; `rejected`: they were none, or were not allowed. */
  events(outcome: 'accepted' | 'duplicate' | 'backlog_full' | 'rejected', count: number): void;
  /** From an event's id to its being safe: what a `202` waits for. */
  accept(tookMs: Milliseconds): void;
  /** From acceptance to the record. */
  persisted(tookMs: Milliseconds): void;
  attempt(result: 'delivered' | AttemptError, tookMs: Milliseconds): void;
  /** A delivery came to its end, or will be tried again. */
  delivery(status: 'delivered' | 'failed' | 'skipped' | 'retrying'): void;
  /** So many messages of inboxes were set aside after their leases. */
  quarantined(count: number): void;
  /** So much shared one step: writes in a commit, events in a call of Redis, events in a record of PostgreSQL. */
  group(step: 'commit' | 'intake' | 'record', size: number): void;
  /** An unexpected error that was kept to the one thing it concerns; all others went on. */
  fault(part: FaultPart): void;
  /** A call to a store, from asking to answer; `disk` is a sync of the embedded engine's log. */
  store(store: 'redis' | 'postgres' | 'disk', tookMs: Milliseconds): void;
}

/** Where an error was kept to one lane, event, job, … */
export const FAULT_PARTS = [
  'lane',
  'attempt',
  'recording',
  'job',
  'notification',
  'operational_event',
  'retention',
  'erasure',
  'repair',
] as const;
export type FaultPart = (typeof FAULT_PARTS)[number];

export const NO_METRICS: Metrics = {
  request: () => {},
  events: () => {},
  accept: () => {},
  persisted: () => {},
  attempt: () => {},
  delivery: () => {},
  quarantined: () => {},
  group: () => {},
  fault: () => {},
  store: () => {},
};

/** Lanes of one deliverer as they are now. */
export interface LaneCounts {
  /** With an attempt under way. */
  readonly sending: number;
  /** Something is due, and has to wait for room. */
  readonly waiting: number;
  /** Their breaker is open after failures in a row. */
  readonly resting: number;
  /** They hung lately: one attempt at a time. */
  readonly suspect: number;
}
