import { randomUUID } from 'node:crypto';
import type { Attempt } from '../../core/delivery/delivery.ts';
import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import type { DeliveryId, EventId, OrganizationId } from '../../core/ids.ts';
import type { JsonText } from '../../core/json/json-text.ts';
import { addMs } from '../../core/time.ts';
import type { OutgoingRequest, Sender } from '../../ports/sender.ts';
import type { Context } from '../context.ts';
import { batchRequest, webhookRequest } from './webhook-request.ts';

/** Concurrent tests per organization: each holds a request open for as long as its receiver takes. */
const MAX_RUNNING = 10;

export type TestOutcome =
  | ({ readonly kind: 'made' } & TestAttempt)
  | { readonly kind: 'too_many' }
  /** A fault of this service, or its stop; the receiver is not at fault. */
  | { readonly kind: 'local' };

interface TestAttempt {
  readonly eventId: EventId;
  readonly attempt: Attempt;
  readonly request: Pick<OutgoingRequest, 'headers' | 'body'>;
}

/** Sends one test webhook immediately: signed like any other, tried once, recorded nowhere. */
export class EndpointTester {
  readonly #context: Pick<Context, 'clock' | 'ids'>;
  readonly #sender: Sender;
  readonly #userAgent: string;
  readonly #running = new Map<OrganizationId, number>();

  constructor(context: Pick<Context, 'clock' | 'ids'>, sender: Sender, userAgent: string) {
    this.#context = context;
    this.#sender = sender;
    this.#userAgent = userAgent;
  }

  async send(endpoint: Endpoint, content: { type: string; data: JsonText }): Promise<TestOutcome> {
    const { organizationId } = endpoint;
    const running = this.#running.get(organizationId) ?? 0;
    if (running >= MAX_RUNNING) return { kind: 'too_many' };
    this.#running.set(organizationId, running + 1);
    try {
      return await this.#send(endpoint, content);
    } finally {
      const remaining = (this.#running.get(organizationId) ?? 1) - 1;
      if (remaining === 0) this.#running.delete(organizationId);
      else this.#running.set(organizationId, remaining);
    }
  }

  async #send(endpoint: Endpoint, { type, data }: { type: string; data: JsonText }): Promise<TestOutcome> {
    const { organizationId, id: endpointId } = endpoint;
    const at = this.#context.clock.now();
    const event: AcceptedEvent = {
      id: this.#context.ids.next<EventId>(),
      organizationId,
      type,
      data,
      dedupId: null,
      orderingKey: null,
      deliverAt: null,
      createdAt: at,
      traceparent: null,
      hops: 0,
    };
    const delivery = {
      id: this.#context.ids.next<DeliveryId>(),
      organizationId,
      endpointId,
      event,
      attemptNumber: 1,
      failures: 0,
      origin: null,
      leasedUntil: addMs(at, endpoint.timeoutMs),
    };
    const common = { endpoint, at, userAgent: this.#userAgent };
    const request =
      endpoint.options.batch === null
        ? webhookRequest({ ...common, delivery })
        : batchRequest({ ...common, batch: { deliveries: [delivery], id: randomUUID() } });
    const { statusCode, error, errorDetail, durationMs, responseExcerpt } = await this.#sender.send(request);
    if (error === 'local' || error === 'interrupted') return { kind: 'local' };
    return {
      kind: 'made',
      eventId: event.id,
      attempt: { number: 1, startedAt: at, durationMs, statusCode, error, errorDetail, responseExcerpt },
      request: { headers: request.headers, body: request.body },
    };
  }
}
