import { createHash } from 'node:crypto';
import type { Endpoint } from '../../core/delivery/endpoint.ts';
import { type SigningKeys, sign } from '../../core/delivery/signature.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import { fewRandomBytes } from '../../core/random-bytes.ts';
import { type Timestamp, toIso } from '../../core/time.ts';
import type { ClaimedDelivery } from '../../ports/record/delivery-queue.ts';
import type { OutgoingRequest } from '../../ports/sender.ts';

/** Several events in one request, for an endpoint with batching. */
export interface DeliveryBatch {
  /** At least one. */
  readonly deliveries: readonly [ClaimedDelivery, ...ClaimedDelivery[]];
  /** The `webhook-id` of the request; each event has its own id inside the body. */
  readonly id: string;
}

/**
 * A body of at least this size is built once per event and format, and shared by all endpoints. With one body per
 * attempt, 400 endpoints whose receiver never read held 1.5 GB for 15 events.
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
 * Builds the request for one delivery (API.md, "What a receiver gets"; Standard Webhooks 1.0). `data` is spliced in
 * byte for byte, the id is the same in all attempts, and the timestamp is the attempt's own.
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

/** Builds the request for a batch: a JSON array of the single bodies, with `X-Batch-Size`. */
export function batchRequest(args: RequestArguments & { batch: DeliveryBatch }): OutgoingRequest {
  const { id } = args.batch;
  // Sorted by id, so that a retry of the same batch has the same body.
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

/** Returns the batch's id, the same for the same set of deliveries: a UUID version 8 (RFC 9562) from their hash. */
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
  // An event type needs no escaping: acceptance allows only safe characters.
  const { id, type, createdAt, data, organizationId } = event;
  if (options.format === 'standard') {
    return `{"id":"${id}","type":"${type}","timestamp":"${toIso(createdAt)}","data":${data}}`;
  }
  const head = `"specversion":"1.0","id":"${id}","source":"urn:uuid:${organizationId}","type":"${type}"`;
  return `{${head},"time":"${toIso(createdAt)}","datacontenttype":"application/json","data":${data}}`;
}

/** CloudEvents JSON format (sections 3.1 and 4): a single event, or a batch. */
function contentType({ options }: Endpoint, batch: '' | '-batch'): string {
  return options.format === 'standard' ? 'application/json' : `application/cloudevents${batch}+json`;
}

/** The keys of the endpoint's signature schemes; until its expiry a rotated secret or key signs as well. */
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

/** A child span of the client's trace (W3C Trace Context); without a client trace, the event's id becomes the trace id. */
function childTrace(event: AcceptedEvent): string {
  const span = fewRandomBytes(8).toString('hex');
  if (event.traceparent !== null) return `${event.traceparent.slice(0, 36)}${span}${event.traceparent.slice(52)}`;
  return `00-${event.id.replaceAll('-', '')}-${span}-00`;
}
