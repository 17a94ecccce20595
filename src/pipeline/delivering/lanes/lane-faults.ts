import type { EndpointStore } from '../../../ports/store/endpoint-store.ts';
import type { Context } from '../../context.ts';
import type { Lane } from './lane.ts';

/** What the deliverer was doing with a lane when an error came that nobody expected. Shown to the endpoint's owner. */
export type LaneStep = 'looking up the endpoint' | 'claiming deliveries' | 'delivering';

/**
 * An unexpected error in one lane is that lane's alone. The lane is put aside with a backoff, the error is counted, logged,
 * and noted with the endpoint for its owner (`last_fault` in `/api/endpoints/:id/stats`). All other lanes go on: in version
 * 0.1.0 one endpoint with `max_seconds: 2.01` stopped the deliveries of every organization.
 */
export class LaneFaults {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics'>;
  readonly #endpoints: EndpointStore;

  constructor(context: Pick<Context, 'clock' | 'log' | 'metrics'>, endpoints: EndpointStore) {
    this.#context = context;
    this.#endpoints = endpoints;
  }

  /** Puts the lane aside. Never throws. */
  note(lane: Lane, step: LaneStep, error: unknown): void {
    const restMs = lane.backOff(this.#context.clock.monotonicMs());
    this.#context.metrics.fault('lane');
    const fields = { endpoint_id: lane.endpointId, retry_after_ms: restMs };
    this.#context.log.error(
      `Unexpected error while ${step}: the endpoint is put aside, all others go on`,
      fields,
      error,
    );
    // The name alone: messages of drivers may hold values.
    const message = `Unexpected error while ${step} (${error instanceof Error ? error.name : typeof error})`;
    this.#endpoints.recordFault(lane.endpointId, { at: this.#context.clock.now(), message }).catch((reason: unknown) =>
      this.#context.log.debug('A fault could not be noted with its endpoint', {
        endpoint_id: lane.endpointId,
        error: String(reason),
      }),
    );
  }
}
