import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import {
  type OperationalEventType,
  operationalDedupId,
  wantsOperational,
} from '../../core/events/operational-event.ts';
import type { EventId, OrganizationId } from '../../core/ids.ts';
import { jsonText } from '../../core/json/json-text.ts';
import type { Intake } from '../../ports/record/intake.ts';
import type { Context } from '../context.ts';
import type { RetryLoop } from '../pacing/index.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';

/** Publishes operational events (`delivery.failed`, `endpoint.disabled`, …) to tenants that subscribe to them by name. */
export class OperationalEvents {
  readonly #context: Pick<Context, 'clock' | 'log' | 'ids'>;
  readonly #intake: Intake;
  readonly #directory: EndpointDirectory;
  readonly #retryLoop: RetryLoop;

  constructor(
    context: Pick<Context, 'clock' | 'log' | 'ids'>,
    intake: Intake,
    directory: EndpointDirectory,
    retryLoop: RetryLoop,
  ) {
    this.#context = context;
    this.#intake = intake;
    this.#directory = directory;
    this.#retryLoop = retryLoop;
  }

  /** @param key deduplicates: one event is published per type and key */
  async publish(
    organizationId: OrganizationId,
    type: OperationalEventType,
    key: string,
    data: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    if (!(await this.#isWanted(organizationId, type))) return;
    const event: AcceptedEvent = {
      id: this.#context.ids.next<EventId>(),
      organizationId,
      type,
      data: jsonText(data),
      dedupId: operationalDedupId(type, key),
      orderingKey: null,
      deliverAt: null,
      createdAt: this.#context.clock.now(),
      traceparent: null,
      hops: 0,
    };
    const [outcome] = await this.#retryLoop.run(() => this.#intake.accept([event]));
    if (outcome?.kind === 'backlog_full') {
      this.#context.log.warn(`Operational event ${type} dropped: the backlog is full`, {
        organization_id: organizationId,
      });
    }
  }

  async #isWanted(organizationId: OrganizationId, type: string): Promise<boolean> {
    const endpoints: readonly Endpoint[] = await this.#retryLoop.run(async () => this.#directory.of(organizationId));
    return endpoints.some(({ eventTypes, status }) => status !== 'disabled' && wantsOperational(eventTypes, type));
  }
}
