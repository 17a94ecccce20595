import { createHash } from 'node:crypto';
import type { Endpoint } from '../../core/delivery/endpoint.ts';
import { type SigningKeys, sign } from '../../core/delivery/signature.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import { fewRandomBytes } from '../../core/random-bytes.ts';
import { type Timestamp, toIso } from '../../core/time.ts';
import type { ClaimedDelivery } from '../../ports/record/delivery-queue.ts';
import type { OutgoingRequest } from '../../ports/sender.ts';

/** Several events for a receiver that takes them so, in one request. */
export interface DeliveryBatch {
  /** One at least. */
  readonly deliveries: readonly [ClaimedDelivery, ...ClaimedDelivery[]];
  /** The `webhook-id` of the request: each event has its own inside. */
  readonly id: string;
}

/**
 * A larger body is made once for all endpoints that get it. With one for each attempt, 400 endpoints at a receiver that never
 * reads held 1.5 GB for 15 events.
 */
const SHARED_BODY_CHARACTERS = 16 * 1024;

interface Body {
  readonly text: string;
  readonly bytes?: Buffer;
}

const sharedBodies = new WeakMap<AcceptedEvent, Map<Endpoint['options']['format'], Body>>();

interface RequestArguments {
  readonly endpoint: Endpoint;
  readonly at: Timestamp;
  readonly userAgent: string;
}

/**
 * What a receiver gets (API.md, "What a receiver gets"; Standard Webhooks 1.0): `data` is spliced in as the client
 * wrote it, the id never changes between attempts, the timestamp is this attempt's own.
 */
export function webhookRequest(args: RequestArguments & { delivery: ClaimedDelivery }): OutgoingRequest {
  const { delivery } = args;
  const { event } = delivery;
  return signedRequest(args, {
    id: event.id,
    contentType: contentType(args.endpoint, ''),
    body: bodyOf(event, args.endpoint),
    hops: event.hops,
    headers: {
      'x-event-id': event.id,
      'x-event-type': event.type,
      'x-delivery-id': delivery.id,
      'x-attempt': String(delivery.attemptNumber),
      ...(delivery.origin === 'replay' ? { 'x-replay': 'true' } : {}),
      traceparent: childTrace(event),
    },
  });
}

/** The same for several: a JSON array of what each would have been, and how many. */
export function batchRequest(args: RequestArguments & { batch: DeliveryBatch }): OutgoingRequest {
  const { id } = args.batch;
  // By id: what is sent together again is the same body.
  const deliveries = args.batch.deliveries.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const [{ event: first }] = args.batch.deliveries;
  return signedRequest(args, {
    id,
    contentType: contentType(args.endpoint, '-batch'),
    body: { text: `[${deliveries.map(({ event }) => webhookBody(event, args.endpoint)).join(',')}]` },
    hops: Math.max(...deliveries.map(({ event }) => event.hops)),
    headers: {
      'x-batch-size': String(deliveries.length),
      'x-attempt': String(Math.max(...deliveries.map(({ attemptNumber }) => attemptNumber))),
      traceparent: childTrace(first),
    },
  });
}

/** The same deliveries have the same id, however often they are sent together: a UUID of version 8 (RFC 9562). */
export function batchId(deliveries: DeliveryBatch['deliveries']): string {
  const ids = deliveries.map(({ id }) => id).sort();
  const hex = createHash('sha256').update(ids.join()).digest('hex');
  const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function signedRequest(
  { endpoint, at, userAgent }: RequestArguments,
  content: { id: string; contentType: string; body: Body; hops: number; headers: Readonly<Record<string, string>> },
): OutgoingRequest {
  const { id, contentType, body, hops, headers } = content;
  return {
    endpointId: endpoint.id,
    organizationId: endpoint.organizationId,
    url: endpoint.url,
    headers: {
      ...endpoint.headers,
      'content-type': contentType,
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1_000)),
      'webhook-signature': sign({ id, at, body: body.text, keys: signingKeys(endpoint, at) }),
      ...headers,
      'x-triggers-hops': String(hops + 1),
      'user-agent': userAgent,
    },
    body: body.text,
    ...(body.bytes === undefined ? {} : { bodyBytes: body.bytes }),
    timeoutMs: endpoint.timeoutMs,
    clientCertificate: endpoint.options.clientCertificate,
  };
}

function bodyOf(event: AcceptedEvent, endpoint: Endpoint): Body {
  if (event.data.length < SHARED_BODY_CHARACTERS) return { text: webhookBody(event, endpoint) };
  const { format } = endpoint.options;
  const known = sharedBodies.get(event)?.get(format);
  if (known !== undefined) return known;
  const text = webhookBody(event, endpoint);
  const body = { text, bytes: Buffer.from(text) };
  sharedBodies.set(event, (sharedBodies.get(event) ?? new Map()).set(format, body));
  return body;
}

function webhookBody(event: AcceptedEvent, { options }: Endpoint): string {
  // A type needs no escaping: its characters are checked at acceptance.
  const { id, type, createdAt, data, organizationId } = event;
  if (options.format === 'standard') {
    return `{"id":"${id}","type":"${type}","timestamp":"${toIso(createdAt)}","data":${data}}`;
  }
  const head = `"specversion":"1.0","id":"${id}","source":"urn:uuid:${organizationId}","type":"${type}"`;
  return `{${head},"time":"${toIso(createdAt)}","datacontenttype":"application/json","data":${data}}`;
}

/** CloudEvents' JSON format (3.1, 4): one event, or a list of them, whatever the endpoint has come to want meanwhile. */
function contentType({ options }: Endpoint, batch: '' | '-batch'): string {
  return options.format === 'standard' ? 'application/json' : `application/cloudevents${batch}+json`;
}

/** With the schemes that the endpoint chose; after a rotation the old secret, or key, signs too, for a while. */
function signingKeys({ secret, previousSecret, options }: Endpoint, at: Timestamp): SigningKeys {
  const { signatures, signingKey, previousSigningKey } = options;
  const secrets = [secret];
  if (previousSecret !== null && previousSecret.expiresAt > at) secrets.push(previousSecret.secret);
  const keys = signingKey === null ? [] : [signingKey];
  if (previousSigningKey !== null && previousSigningKey.expiresAt > at) keys.push(previousSigningKey.signingKey);
  return {
    secrets: signatures.includes('v1') ? secrets : [],
    signingKeys: signatures.includes('v1a') ? keys : [],
  };
}

/** A span below the client's own (W3C Trace Context); without one, the event's id serves as the trace's. */
function childTrace(event: AcceptedEvent): string {
  const span = fewRandomBytes(8).toString('hex');
  if (event.traceparent !== null) return `${event.traceparent.slice(0, 36)}${span}${event.traceparent.slice(52)}`;
  return `00-${event.id.replaceAll('-', '')}-${span}-00`;
}
