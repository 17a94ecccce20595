import type { AttemptError } from '../../core/delivery/delivery.ts';
import type { Milliseconds } from '../../core/time.ts';

/**
 * Counters and timings. No label names a tenant, an endpoint, a type or an id. Never throws, and costs less than 0.2 µs
 * per call.
 */
export interface Metrics {
  /** @param route the route's pattern (`/api/events/:id`); `unknown` when no route matched */
  request(route: string, method: string, status: number, tookMs: Milliseconds): void;
  /** Outcomes of acceptance; `rejected`: invalid or not allowed. */
  events(outcome: 'accepted' | 'duplicate' | 'backlog_full' | 'rejected', count: number): void;
  /** Time from an event's id to its durability: the wait for a `202`. */
  accept(tookMs: Milliseconds): void;
  /** Time from acceptance to the record. */
  persisted(tookMs: Milliseconds): void;
  attempt(result: 'delivered' | AttemptError, tookMs: Milliseconds): void;
  /** A delivery became final, or will be retried. */
  delivery(status: 'delivered' | 'failed' | 'skipped' | 'retrying'): void;
  /** Messages of inboxes that were quarantined. */
  quarantined(count: number): void;
  /** Group size of one step: writes per commit, events per call to Redis, events per call to PostgreSQL. */
  group(step: 'commit' | 'intake' | 'record', size: number): void;
  /** An unexpected error that was contained to one item. */
  fault(part: FaultPart): void;
  /** Duration of a call to a store; `disk` is a sync of the embedded engine's WAL. */
  store(store: 'redis' | 'postgres' | 'disk', tookMs: Milliseconds): void;
}

/** The parts that contain an error to one lane, event, job, … */
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

/** The lanes of one deliverer by state. The field names are the metric's label values. */
export interface LaneCounts {
  /** Lanes with an attempt in flight. */
  readonly sending: number;
  /** Lanes with a due delivery that waits for capacity. */
  readonly waiting: number;
  /** Lanes whose circuit breaker is open, or which back off. */
  readonly resting: number;
  /** Degraded lanes: one attempt at a time. */
  readonly suspect: number;
}
