import type { DisabledReason, Endpoint } from '../../core/delivery/endpoint.ts';
import type { EndpointId } from '../../core/ids.ts';
import { type Milliseconds, toIso } from '../../core/time.ts';
import type { EndpointStore } from '../../ports/store/endpoint-store.ts';
import type { OperationalEvents } from '../accepting/index.ts';
import type { Context } from '../context.ts';
import type { RetryLoop } from '../pacing/index.ts';

/** The longest pause between two reports of an unchanged state. */
const LONGEST_REPORT_PAUSE_MS: Milliseconds = 3_600_000;
const MAX_KNOWN = 50_000;

interface ReportedHealth {
  readonly succeeding: boolean;
  readonly atMs: Milliseconds;
}

/**
 * Tracks since when every attempt at an endpoint has failed, over all deliverers: the first deliverer that sees a
 * success or a failure records it, and each repeats that at intervals. Disables endpoints that answered 410, or that
 * failed for too long.
 */
export class EndpointHealth {
  readonly #context: Pick<Context, 'clock' | 'log' | 'bus'>;
  readonly #endpoints: EndpointStore;
  readonly #operational: OperationalEvents;
  readonly #retryLoop: RetryLoop;
  readonly #disableAfterMs: Milliseconds;
  readonly #reported = new Map<EndpointId, ReportedHealth>();

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
    const reported = this.#reported.get(id);
    const pauseMs = Math.min(LONGEST_REPORT_PAUSE_MS, this.#disableAfterMs / 5);
    if (reported?.succeeding === succeeding && nowMs - reported.atMs < pauseMs) return;
    // An endpoint that never failed has no failure on record, so its success need not be recorded.
    const mustRecord = !succeeding || reported !== undefined || endpoint.failingSince !== null;
    this.#remember(id, { succeeding, atMs: nowMs });
    if (!mustRecord) return;
    const now = this.#context.clock.now();
    const since = await this.#retryLoop.run(() => this.#endpoints.recordHealth(id, succeeding, now));
    if (since !== null && now - since >= this.#disableAfterMs) await this.disable(endpoint, 'failing');
  }

  /** The endpoint gets no deliveries until its owner enables it again. */
  async disable(endpoint: Endpoint, reason: DisabledReason): Promise<void> {
    const { id, organizationId } = endpoint;
    const at = this.#context.clock.now();
    if (!(await this.#retryLoop.run(() => this.#endpoints.disable(id, reason, at)))) return;
    const why = reason === 'gone' ? 'its receiver answered 410 Gone' : 'all of its attempts failed for too long';
    this.#context.log.warn(`Endpoint disabled: ${why}`, { endpoint_id: id });
    this.#reported.delete(id);
    await this.#context.bus.publish({ kind: 'endpoints_changed', organizationId, endpointId: id });
    const data = { endpoint_id: id, reason, disabled_at: toIso(at) };
    await this.#operational.publish(organizationId, 'endpoint.disabled', `${id}:${at}`, data);
  }

  #remember(id: EndpointId, health: ReportedHealth): void {
    this.#reported.delete(id);
    this.#reported.set(id, health);
    if (this.#reported.size <= MAX_KNOWN) return;
    for (const oldest of this.#reported.keys()) {
      this.#reported.delete(oldest);
      return;
    }
  }
}
