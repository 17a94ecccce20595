import type { DisabledReason, Endpoint } from '../../core/delivery/endpoint.ts';
import type { EndpointId } from '../../core/ids.ts';
import { type Milliseconds, toIso } from '../../core/time.ts';
import type { EndpointStore } from '../../ports/store/endpoint-store.ts';
import type { OperationalEvents } from '../accepting/index.ts';
import type { Context } from '../context.ts';
import type { RetryLoop } from '../pacing/index.ts';

/** How often the record is told what has not changed, at most. */
const LONGEST_SILENCE_MS: Milliseconds = 3_600_000;
const MAX_KNOWN = 50_000;

interface Told {
  readonly succeeding: boolean;
  readonly atMs: Milliseconds;
}

/**
 * Knows since when every attempt at an endpoint has failed, over all deliverers: the first of them that sees a success or
 * a failure writes it down, then each again once in a while. Ends endpoints that are gone, or that failed for too long.
 */
export class EndpointHealth {
  readonly #context: Pick<Context, 'clock' | 'log' | 'bus'>;
  readonly #endpoints: EndpointStore;
  readonly #operational: OperationalEvents;
  readonly #retryLoop: RetryLoop;
  readonly #disableAfterMs: Milliseconds;
  readonly #told = new Map<EndpointId, Told>();

  constructor(
    context: Pick<Context, 'clock' | 'log' | 'bus'>,
    endpoints: EndpointStore,
    operational: OperationalEvents,
    retryLoop: RetryLoop,
    disableAfterMs: Milliseconds,
  ) {
    this.#context = context;
    this.#endpoints = endpoints;
    this.#operational = operational;
    this.#retryLoop = retryLoop;
    this.#disableAfterMs = disableAfterMs;
  }

  async record(endpoint: Endpoint, succeeding: boolean): Promise<void> {
    const { id } = endpoint;
    const nowMs = this.#context.clock.monotonicMs();
    const told = this.#told.get(id);
    const silenceMs = Math.min(LONGEST_SILENCE_MS, this.#disableAfterMs / 5);
    if (told !== undefined && told.succeeding === succeeding && nowMs - told.atMs < silenceMs) return;
    // What never failed needs no word of a success: its record says so already.
    const isNews = !succeeding || told !== undefined || endpoint.failingSince !== null;
    this.#remember(id, { succeeding, atMs: nowMs });
    if (!isNews) return;
    const now = this.#context.clock.now();
    const since = await this.#retryLoop.run(() => this.#endpoints.recordHealth(id, succeeding, now));
    if (since !== null && now - since >= this.#disableAfterMs) await this.disable(endpoint, 'failing');
  }

  /** It gets nothing more until its owner enables it again. */
  async disable(endpoint: Endpoint, reason: DisabledReason): Promise<void> {
    const { id, organizationId } = endpoint;
    const at = this.#context.clock.now();
    if (!(await this.#retryLoop.run(() => this.#endpoints.disable(id, reason, at)))) return;
    const why = reason === 'gone' ? 'its receiver answered 410 Gone' : 'all of its attempts failed for too long';
    this.#context.log.warn(`Endpoint disabled: ${why}`, { endpoint_id: id });
    this.#told.delete(id);
    await this.#context.bus.publish({ kind: 'endpoints_changed', organizationId, endpointId: id });
    const data = { endpoint_id: id, reason, disabled_at: toIso(at) };
    await this.#operational.publish(organizationId, 'endpoint.disabled', `${id}:${at}`, data);
  }

  #remember(id: EndpointId, told: Told): void {
    this.#told.delete(id);
    this.#told.set(id, told);
    if (this.#told.size <= MAX_KNOWN) return;
    for (const oldest of this.#told.keys()) {
      this.#told.delete(oldest);
      return;
    }
  }
}
