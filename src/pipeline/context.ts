import type { IdSource } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Bus } from '../ports/coordination/bus.ts';
import type { Log } from '../ports/observability/log.ts';
import type { Metrics } from '../ports/observability/metrics.ts';
import type { Tracer } from '../ports/observability/tracer.ts';

/**
 * Dependencies that every pipeline stage shares, made once in `app/compose.ts`. A stage is a class that takes
 * `(context, its ports, its options)`; its constructor picks the members of the context that the stage uses.
 */
export interface Context {
  /** The engine's clock: store time where several machines share a store. */
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly ids: IdSource;
  readonly bus: Bus;
}
