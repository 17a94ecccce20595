import { randomBytes, randomUUID } from 'node:crypto';
import { DEFAULT_OPTIONS, type Endpoint } from '../../core/delivery/endpoint.ts';
import { SECRET_BYTES, secretFromBytes } from '../../core/delivery/signature.ts';
import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../../core/ids.ts';
import { type JsonText, jsonText } from '../../core/json/json-text.ts';
import { type Timestamp, timestamp } from '../../core/time.ts';
import { webhookRequest } from '../../pipeline/delivering/index.ts';
import type { OutgoingRequest } from '../../ports/sender.ts';
import { VERSION } from '../version.ts';

/** An event as in the API's answers. */
export interface ForwardedEvent {
  readonly id: string;
  readonly type: string;
  readonly created_at: string;
  readonly data: unknown;
}

export function newSecret(): string {
  return secretFromBytes(randomBytes(SECRET_BYTES));
}

/** The webhook request of the service, built by `triggers listen` for a receiver that the service cannot reach. */
export function webhookOf(args: {
  event: ForwardedEvent;
  /** The original text of `data`, if known. */
  rawData: string | undefined;
  url: string;
  secret: string;
  attempt: number;
  at: Timestamp;
}): Pick<OutgoingRequest, 'headers' | 'body'> {
  const { event, rawData, url, secret, attempt, at } = args;
  const nobody = randomUUID();
  const endpoint: Endpoint = {
    id: nobody as EndpointId,
    organizationId: nobody as OrganizationId,
    url,
    description: '',
    eventTypes: [],
    headers: {},
    maxConcurrency: 1,
    retryPolicy: { maxAttempts: 1, schedule: [] },
    options: DEFAULT_OPTIONS,
    timeoutMs: 0,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    lastFault: null,
    secret,
    previousSecret: null,
    isDefault: false,
    createdAt: at,
    updatedAt: at,
  };
  return webhookRequest({
    endpoint,
    at,
    userAgent: `triggers-api/${VERSION}`,
    delivery: {
      id: randomUUID() as DeliveryId,
      organizationId: endpoint.organizationId,
      endpointId: endpoint.id,
      event: {
        id: event.id as EventId,
        organizationId: endpoint.organizationId,
        type: event.type,
        data: rawData === undefined ? jsonText(event.data) : (rawData as JsonText),
        dedupId: null,
        orderingKey: null,
        deliverAt: null,
        createdAt: timestamp(Date.parse(event.created_at)),
        traceparent: null,
        hops: 0,
      },
      attemptNumber: attempt,
      failures: attempt - 1,
      origin: null,
      leasedUntil: at,
    },
  });
}
