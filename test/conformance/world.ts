import { createHash, randomFillSync, randomUUID } from 'node:crypto';
import { DEFAULT_INBOX, type Inbox } from '../../src/core/administration/inbox.ts';
import { type ApiKey, type Organization, SCOPES } from '../../src/core/administration/organization.ts';
import type { NewDelivery } from '../../src/core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import {
  type DeliveryId,
  type EndpointId,
  type EventId,
  IdSource,
  type KeyId,
  type LeaseId,
  type OrganizationId,
} from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { type Milliseconds, type Timestamp, timestamp } from '../../src/core/time.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Engine } from '../../src/ports/engine.ts';
import type { ClaimedDelivery, ClaimedLane, LaneLimits } from '../../src/ports/record/delivery-queue.ts';
import type { EngineHarness, EngineOptions, NewHarness } from './harness.ts';

/** Time that stands until a test moves it, forwards or back. */
class ManualClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  #monotonic = 0;

  now(): Timestamp {
    return timestamp(this.#now);
  }

  monotonicMs(): Milliseconds {
    return this.#monotonic;
  }

  advance(ms: Milliseconds): void {
    this.#now += ms;
    this.#monotonic += ms;
  }

  /** Somebody sets the machine's clock; durations go on as before. */
  setBack(ms: Milliseconds): void {
    this.#now -= ms;
  }
}

/** An engine on storage of its own, a clock to move, and the things that tests are made of. */
export class World {
  readonly clock = new ManualClock();
  readonly ids = new IdSource(() => this.clock.now(), randomFillSync);
  /** Who wants an organization's events. */
  readonly endpoints = new Map<OrganizationId, EndpointId[]>();
  readonly harness: EngineHarness;
  readonly #options: Partial<EngineOptions>;
  #engine: Engine | undefined;

  constructor(harness: EngineHarness, options: Partial<EngineOptions>) {
    this.harness = harness;
    this.#options = options;
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error('The engine is not open');
    return this.#engine;
  }

  async open(): Promise<Engine> {
    this.#engine = await this.harness.open({
      clock: this.clock,
      ids: this.ids,
      fanOut: (event) => this.fanOut(event),
      dedupWindowMs: 60_000,
      maxBacklog: null,
      ...this.#options,
    });
    return this.#engine;
  }

  async close(): Promise<void> {
    await this.#engine?.close();
    this.#engine = undefined;
  }

  async reopen(): Promise<Engine> {
    await this.close();
    return this.open();
  }

  fanOut(event: AcceptedEvent): NewDelivery[] {
    return (this.endpoints.get(event.organizationId) ?? []).map((endpointId) => ({
      id: this.ids.next<DeliveryId>(),
      endpointId,
      status: 'pending',
      orderingGroup: event.orderingKey,
    }));
  }

  /** An organization in the store, with some endpoints' ids that want its events. */
  async organization(endpoints = 0): Promise<OrganizationId> {
    const { organization, key } = this.newOrganization();
    await this.engine.store.organizations.create(organization, key);
    this.endpoints.set(
      organization.id,
      Array.from({ length: endpoints }, () => this.ids.next<EndpointId>()),
    );
    return organization.id;
  }

  newOrganization(): { organization: Organization; key: ApiKey } {
    const id = this.ids.next<OrganizationId>();
    const createdAt = this.clock.now();
    return {
      organization: { id, name: 'Example', tier: 'free', createdAt },
      key: {
        id: this.ids.next<KeyId>(),
        organizationId: id,
        name: 'first',
        prefix: 'tr_abc',
        sha256: createHash('sha256').update(randomUUID()).digest('hex'),
        createdAt,
        expiresAt: null,
        scopes: SCOPES,
        lastUsedAt: null,
      },
    };
  }

  /** An organization with one endpoint. */
  async lane(): Promise<{ organizationId: OrganizationId; endpointId: EndpointId }> {
    const organizationId = await this.organization(1);
    const endpointId = this.endpoints.get(organizationId)?.[0];
    if (endpointId === undefined) throw new Error('unreachable');
    return { organizationId, endpointId };
  }

  event(organizationId: OrganizationId, rest: Partial<AcceptedEvent> = {}): AcceptedEvent {
    return {
      id: this.ids.next<EventId>(),
      organizationId,
      type: 'order.created',
      data: '{"n":1}' as JsonText,
      dedupId: null,
      orderingKey: null,
      deliverAt: null,
      createdAt: this.clock.now(),
      traceparent: null,
      hops: 0,
      ...rest,
    };
  }

  /** Accepts some events, one call. */
  async accept(organizationId: OrganizationId, count = 1, rest: Partial<AcceptedEvent> = {}): Promise<AcceptedEvent[]> {
    const events = Array.from({ length: count }, () => this.event(organizationId, rest));
    await this.engine.intake.accept(events);
    return events;
  }

  async take(endpointId: EndpointId, limit = 10, leaseMs = 15_000): Promise<readonly ClaimedDelivery[]> {
    const [lane] = await this.engine.queue.claim([{ endpointId, limit, leaseMs }]);
    return lane?.deliveries ?? [];
  }

  async takeLimited(endpointId: EndpointId, limits: LaneLimits, limit = 10): Promise<ClaimedLane> {
    const [lane] = await this.engine.queue.claim([{ endpointId, limit, leaseMs: 15_000, limits }]);
    if (lane === undefined) throw new Error('A demand without an answer');
    return lane;
  }

  async inbox(organizationId: OrganizationId, rest: Partial<Inbox> = {}): Promise<Inbox> {
    const inbox = await this.engine.store.inboxes.get(organizationId, DEFAULT_INBOX);
    if (inbox === undefined) throw new Error('No inbox');
    return { ...inbox, ...rest };
  }

  async lease(inbox: Inbox, limit = 10, eventTypes: readonly string[] = [], leaseMs = 30_000) {
    const leaseId = this.ids.next<LeaseId>();
    const lease = await this.engine.store.inboxes.lease(inbox, { leaseId, limit, leaseMs, eventTypes });
    return {
      leaseId,
      until: lease?.until,
      messages: lease?.messages ?? [],
      eventIds: lease?.messages.map(({ event }) => event.id) ?? [],
    };
  }
}

/** Runs a test in a world of its own. */
export function inWorld(
  newHarness: NewHarness,
  test: (world: World) => Promise<void>,
  options: Partial<EngineOptions> = {},
): () => Promise<void> {
  return async () => {
    const harness = await newHarness();
    const world = new World(harness, options);
    try {
      await world.open();
      await test(world);
    } finally {
      await world.close();
      await harness.dispose();
    }
  };
}

export function settlement(
  taken: Pick<ClaimedDelivery, 'id' | 'attemptNumber'>,
  result: { status?: 'delivered' | 'failed' | 'skipped'; retryAt?: Timestamp; blocksOrder?: boolean } = {},
) {
  const failed = result.retryAt !== undefined || result.status === 'failed';
  return {
    deliveryId: taken.id,
    attemptNumber: taken.attemptNumber,
    attempt: {
      number: taken.attemptNumber,
      startedAt: timestamp(1_767_225_600_000),
      durationMs: 12.5,
      statusCode: failed ? 500 : 200,
      error: failed ? ('status' as const) : null,
      errorDetail: null,
      responseExcerpt: failed ? 'no' : 'yes',
    },
    next:
      result.retryAt === undefined
        ? { status: result.status ?? ('delivered' as const), blocksOrder: result.blocksOrder ?? false }
        : { status: 'retrying' as const, dueAt: result.retryAt },
  };
}

export const WHOLE_LIST = { limit: 1_000, after: null, from: null, to: null } as const;
export const ALL_DELIVERIES = { ...WHOLE_LIST, status: null, endpointId: null, eventId: null, type: null } as const;
