import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { Job, ReplayParameters, RetryParameters } from '../../core/delivery/job.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import type { DeliveryId, EndpointId, EventId, JobId, OrganizationId } from '../../core/ids.ts';
import type { Engine, Store } from '../../ports/engine.ts';
import type { FanOut } from '../../ports/record/fan-out.ts';
import type { FoundDelivery, Redelivery } from '../../ports/record/redelivery.ts';
import type { Context } from '../context.ts';
import type { EventReader } from '../history/index.ts';
import type { ReadSlots } from '../pacing/index.ts';
import { replayOf } from './job-steps.ts';
import { type FoundStep, Search } from './search.ts';

/** A job's deliveries are counted exactly up to this number before it starts. */
const MAX_COUNTED = 10_000;

export interface StartedJob {
  readonly job: Job;
  /** How many deliveries the job covers. */
  readonly count: number;
  /** True when there are more than were counted. */
  readonly isMore: boolean;
}

/** Retries and replays on request: one at once, many in the background. */
export class RedeliveryService {
  readonly #context: Pick<Context, 'clock' | 'ids' | 'bus'>;
  readonly #redelivery: Redelivery;
  readonly #store: Store;
  readonly #search: Search;
  readonly #events: EventReader;
  readonly #fanOut: FanOut;
  readonly #reads: ReadSlots;

  constructor(
    context: Pick<Context, 'clock' | 'ids' | 'bus'>,
    engine: Pick<Engine, 'store' | 'redelivery'>,
    events: EventReader,
    fanOut: FanOut,
    reads: ReadSlots,
  ) {
    this.#context = context;
    this.#redelivery = engine.redelivery;
    this.#store = engine.store;
    this.#search = new Search(engine);
    this.#events = events;
    this.#fanOut = fanOut;
    this.#reads = reads;
  }

  /** Retries one delivery in any status. `unreachable`: its endpoint was removed or is disabled. */
  async retry(organizationId: OrganizationId, id: DeliveryId): Promise<'retried' | 'unreachable' | 'not_found'> {
    const delivery = await this.#store.deliveries.get(organizationId, id);
    if (delivery === undefined) return 'not_found';
    const endpoints = await this.#search.endpoints(organizationId, [delivery.endpointId]);
    if (endpoints.length === 0) return 'unreachable';
    return (await this.#redelivery.retry(organizationId, [id], null)) === 1 ? 'retried' : 'not_found';
  }

  cancel(organizationId: OrganizationId, id: DeliveryId): Promise<'canceled' | 'final' | undefined> {
    return this.#redelivery.cancel(organizationId, id);
  }

  /**
   * Replays one event to the endpoints that subscribe to it now, or to the named ones regardless of their subscription.
   * @returns undefined when there is no such event
   */
  async replay(
    organizationId: OrganizationId,
    eventId: EventId,
    endpointIds: readonly EndpointId[] | null,
  ): Promise<{ readonly deliveries: number; readonly notFound: readonly EndpointId[] } | undefined> {
    const event = await this.#events.get(organizationId, eventId);
    if (event === undefined) return undefined;
    const wanted = endpointIds ?? (await this.#fanOut(event)).map(({ endpointId }) => endpointId);
    const endpoints = await this.#search.endpoints(organizationId, [...new Set(wanted)]);
    const found = new Set(endpoints.map(({ id }) => id));
    const deliveries = await this.#redelivery.add(
      endpoints.map((endpoint: Endpoint) => replayOf(event, endpoint, () => this.#context.ids.next<DeliveryId>())),
    );
    return { deliveries, notFound: (endpointIds ?? []).filter((id) => !found.has(id)) };
  }

  async startRetry(organizationId: OrganizationId, parameters: RetryParameters): Promise<StartedJob> {
    let count = 0;
    let place: string | null = null;
    do {
      const from: string | null = place;
      const step: FoundStep<FoundDelivery> = await this.#reads.piece(organizationId, () =>
        this.#search.deliveries(organizationId, parameters, from),
      );
      count += step.items.length;
      place = step.place;
    } while (place !== null && count < MAX_COUNTED);
    const job = await this.#start(organizationId, { kind: 'retry', parameters });
    return { job, count, isMore: place !== null };
  }

  /** Retries the endpoint's waiting deliveries now, after a change that may have repaired it. */
  async scheduleRetriesNow(organizationId: OrganizationId, endpointId: EndpointId): Promise<void> {
    const parameters = { statuses: ['retrying'], endpointId, type: null, from: null, to: null } as const;
    await this.#start(organizationId, { kind: 'retry', parameters });
  }

  async startReplay(organizationId: OrganizationId, parameters: ReplayParameters): Promise<StartedJob> {
    const { deliveries: count, isMore } = await this.countReplay(organizationId, parameters);
    const job = await this.#start(organizationId, { kind: 'replay', parameters });
    return { job, count, isMore };
  }

  /** Counts what a replay would send. Scans a bounded number of events. */
  async countReplay(
    organizationId: OrganizationId,
    parameters: ReplayParameters,
  ): Promise<{ readonly events: number; readonly deliveries: number; readonly isMore: boolean }> {
    const endpoints = await this.#search.endpoints(organizationId, parameters.endpointIds);
    const seen = new Set<EventId>();
    let lookedAt = 0;
    let place: string | null = null;
    do {
      const from: string | null = place;
      const step: FoundStep<AcceptedEvent> = await this.#reads.piece(organizationId, () =>
        this.#search.events(organizationId, parameters, from),
      );
      for (const { id } of step.items) seen.add(id);
      lookedAt += step.lookedAt;
      place = step.place;
    } while (place !== null && lookedAt < MAX_COUNTED);
    return { events: seen.size, deliveries: seen.size * endpoints.length, isMore: place !== null };
  }

  /** Returns the ids that are unknown to the organization, or disabled. */
  async unreachable(organizationId: OrganizationId, ids: readonly EndpointId[]): Promise<readonly EndpointId[]> {
    const found = new Set((await this.#search.endpoints(organizationId, ids)).map(({ id }) => id));
    return ids.filter((id) => !found.has(id));
  }

  async #start(
    organizationId: OrganizationId,
    work: Pick<Job & { kind: 'retry' }, 'kind' | 'parameters'> | Pick<Job & { kind: 'replay' }, 'kind' | 'parameters'>,
  ): Promise<Job> {
    const at = this.#context.clock.now();
    const state = { status: 'running', place: null, lookedAt: 0, made: 0, error: null } as const;
    const job: Job = {
      id: this.#context.ids.next<JobId>(),
      organizationId,
      ...state,
      createdAt: at,
      updatedAt: at,
      ...work,
    };
    await this.#store.jobs.create(job);
    await this.#context.bus.publish({ kind: 'job_added' });
    return job;
  }
}
