import type { AttemptError } from '../core/delivery.ts';
import type { Milliseconds } from '../core/time.ts';

/** What happened, counted and timed. Nothing here names a tenant, an endpoint, a type or an id. Never throws. */
export interface Metrics {
  /** @param route its pattern (`/api/events/:id`), `unknown` where no route ran */
  request(route: string, method: string, status: number, tookMs: Milliseconds): void;
  /** What acceptance said of so many events. */
  events(outcome: 'accepted' | 'duplicate' | 'backlog_full', count: number): void;
  /** From acceptance to the record. */
  persisted(tookMs: Milliseconds): void;
  attempt(result: 'delivered' | AttemptError, tookMs: Milliseconds): void;
  /** A delivery came to its end. */
  delivery(status: 'delivered' | 'failed' | 'skipped'): void;
}

export const NO_METRICS: Metrics = {
  request: () => {},
  events: () => {},
  persisted: () => {},
  attempt: () => {},
  delivery: () => {},
};
