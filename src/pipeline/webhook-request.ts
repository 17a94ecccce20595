import { randomBytes } from 'node:crypto';
import type { Endpoint } from '../core/endpoint.ts';
import type { AcceptedEvent } from '../core/event.ts';
import { sign } from '../core/signature.ts';
import { type Timestamp, toIso } from '../core/time.ts';
import type { TakenDelivery } from '../ports/delivery-queue.ts';
import type { OutgoingRequest } from '../ports/sender.ts';

/**
 * What a receiver gets (API.md, "What a receiver gets"; Standard Webhooks 1.0): `data` is spliced in as the client
 * wrote it, the id never changes between attempts, the timestamp is this attempt's own.
 */
export function webhookRequest(args: {
  delivery: TakenDelivery;
  endpoint: Endpoint;
  at: Timestamp;
  userAgent: string;
}): OutgoingRequest {
  const { delivery, endpoint, at, userAgent } = args;
  const { event } = delivery;
  const body = webhookBody(event);
  return {
    endpointId: endpoint.id,
    url: endpoint.url,
    headers: {
      ...endpoint.headers,
      'content-type': 'application/json',
      'webhook-id': event.id,
      'webhook-timestamp': String(Math.floor(at / 1_000)),
      'webhook-signature': sign({ id: event.id, at, body, secrets: liveSecrets(endpoint, at) }),
      'x-event-id': event.id,
      'x-event-type': event.type,
      'x-delivery-id': delivery.id,
      'x-attempt': String(delivery.attemptNumber),
      ...(delivery.origin === 'replay' ? { 'x-replay': 'true' } : {}),
      'x-triggers-hops': String(event.hops + 1),
      traceparent: childTrace(event),
      'user-agent': userAgent,
    },
    body,
    timeoutMs: endpoint.timeoutMs,
  };
}

function webhookBody(event: AcceptedEvent): string {
  // A type needs no escaping: its characters are checked at acceptance.
  return `{"id":"${event.id}","type":"${event.type}","timestamp":"${toIso(event.createdAt)}","data":${event.data}}`;
}

function liveSecrets(endpoint: Endpoint, at: Timestamp): string[] {
  const { secret, previousSecret } = endpoint;
  return previousSecret !== null && previousSecret.expiresAt > at ? [secret, previousSecret.secret] : [secret];
}

/** A span below the client's own (W3C Trace Context); without one, the event's id serves as the trace's. */
function childTrace(event: AcceptedEvent): string {
  const span = randomBytes(8).toString('hex');
  if (event.traceparent !== null) return `${event.traceparent.slice(0, 36)}${span}${event.traceparent.slice(52)}`;
  return `00-${event.id.replaceAll('-', '')}-${span}-00`;
}
