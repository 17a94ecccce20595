import type { EndpointStore } from '../../../ports/store/endpoint-store.ts';
import type { Context } from '../../context.ts';
import type { Lane } from './lane.ts';

/** The step in which an unexpected error occurred. Shown to the endpoint's owner. */
export type LaneStep = 'looking up the endpoint' | 'claiming deliveries' | 'delivering';

/**
 * Contains an unexpected error to its lane: backs the lane off, counts and logs the error, and records it for the
 * endpoint's owner (`last_fault` in `/api/endpoints/:id/stats`). All other lanes continue: in version 0.1.0 one
 * endpoint with `max_seconds: 2.01` stopped the deliveries of every organization.
 */
export class LaneFaults {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics'>;
  readonly #endpoints: EndpointStore;

  constructor(context: Pick<Context, 'clock' | 'log' | 'metrics'>, endpoints: EndpointStore) {
    this.#context = context;
    this.#endpoints = endpoints;
  }

  /** Backs the lane off. Never throws. */
  record(lane: Lane, step: LaneStep, error: unknown): void {
    const pauseMs = lane.backOff(this.#context.clock.monotonicMs());
    this.#context.metrics.fault('lane');
    const fields = { endpoint_id: lane.endpointId, retry_after_ms: pauseMs };
    this.#context.log.error(`Unexpected error while ${step}: the endpoint is paused and retried`, fields, error);
    // Only the error's name: driver messages may contain values.
    const message = `Unexpected error while ${step} (${error instanceof Error ? error.name : typeof error})`;
    this.#endpoints.recordFault(lane.endpointId, { at: this.#context.clock.now(), message }).catch((reason: unknown) =>
      this.#context.log.debug('A fault could not be recorded for its endpoint', {
        endpoint_id: lane.endpointId,
        error: String(reason),
      }),
    );
  }
}
