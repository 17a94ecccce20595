import { INBOX_STATUSES } from '../../core/administration/inbox.ts';
import { SCOPES, TIERS } from '../../core/administration/organization.ts';
import { DELIVERY_STATUSES } from '../../core/delivery/delivery.ts';
import { PROBLEMS } from '../../core/problem.ts';

/** The schemas of answers (OpenAPI 3.1, components/schemas). A test compares every kind of answer with them. */

export const ref = (name: keyof typeof SCHEMAS): object => ({ $ref: `#/components/schemas/${name}` });

/** An object whose properties are all required. Fields may be added in later versions. */
export function object(properties: Readonly<Record<string, object>>, description?: string): object {
  return {
    type: 'object',
    required: Object.keys(properties),
    properties,
    ...(description === undefined ? {} : { description }),
  };
}

export function list(items: object): object {
  return object({ data: { type: 'array', items }, next_cursor: { type: ['string', 'null'] } });
}

export const uuid = { type: 'string', format: 'uuid' } as const;
export const text = { type: 'string' } as const;
export const count = { type: 'integer', minimum: 0 } as const;
export const time = { type: 'string', format: 'date-time' } as const;
const flag = { type: 'boolean' } as const;
const texts = { type: 'array', items: text } as const;
export const orNull = (schema: { readonly type: string }): object => ({ ...schema, type: [schema.type, 'null'] });

const deliveryStatus = { enum: DELIVERY_STATUSES } as const;
const ms = { type: 'number', minimum: 0 } as const;
const endpointStatus = { enum: ['active', 'paused', 'disabled'] } as const;

const deliverySummary = {
  id: uuid,
  endpoint_id: uuid,
  status: deliveryStatus,
  attempts: count,
  next_attempt_at: orNull(time),
  last_status_code: orNull(count),
  last_error: orNull(text),
};
const delivery = { ...deliverySummary, event_id: uuid, event_type: text, created_at: time, updated_at: time };
const attemptFigures = {
  number: { type: 'integer', minimum: 1 },
  started_at: time,
  duration_ms: { type: 'number', minimum: 0 },
  status_code: orNull(count),
  error: {
    type: ['string', 'null'],
    description: 'A word from the list in the guides (Why an attempt failed); null = delivered.',
  },
  error_detail: {
    type: ['string', 'null'],
    description: 'The exact reason, for people; null if `error` is sufficient.',
  },
};
const attemptSummary = { delivery_id: uuid, ...attemptFigures };
const attempt = { ...attemptFigures, response_excerpt: orNull(text) };
const event = {
  id: uuid,
  type: text,
  created_at: time,
  dedup_id: orNull(text),
  ordering_key: orNull(text),
  deliver_at: orNull(time),
  data: { description: 'The value as it was sent, byte for byte.' },
};
const endpoint = {
  id: uuid,
  url: text,
  description: text,
  event_types: texts,
  headers: { type: 'object', additionalProperties: text },
  max_concurrency: count,
  timeout_seconds: { type: 'number' },
  max_attempts: count,
  retry_schedule: texts,
  rate_limit: orNull({ type: 'number' }),
  retry_deadline: orNull(text),
  ordered: { enum: [false, true, 'by_key'] },
  on_failed: { enum: ['skip', 'block'] },
  filter: { type: ['object', 'null'] },
  batch: { type: ['object', 'null'] },
  format: { enum: ['standard', 'cloudevents'] },
  signatures: { type: 'array', items: { enum: ['v1', 'v1a'] } },
  public_key: orNull(text),
  client_certificate: { type: ['object', 'null'] },
  enabled: flag,
  status: endpointStatus,
  disabled_reason: orNull(text),
  failing_since: orNull(time),
  created_at: time,
  updated_at: time,
};
const inbox = {
  id: uuid,
  name: text,
  event_types: texts,
  max_leases: count,
  paused: flag,
  quarantined: count,
  notification_url: orNull(text),
  created_at: time,
};
const subscription = { id: uuid, target_url: text, event_types: texts, status: endpointStatus, created_at: time };
const organization = { id: uuid, name: text, tier: { enum: TIERS }, created_at: time };
const job = {
  id: uuid,
  kind: { enum: ['retry', 'replay'] },
  status: { enum: ['running', 'done', 'canceled', 'failed'] },
  looked_at: count,
  deliveries: count,
  error: orNull(text),
  created_at: time,
  updated_at: time,
};
/** Only for keys with the scope `manage`. */
const holder = { lease_id: orNull(uuid), leased_until: orNull(time) };
const message = { ...event, status: { enum: INBOX_STATUSES }, lease_count: count };

export const SCHEMAS = {
  Accepted: object({ id: uuid, type: text, status: { const: 'accepted' }, created_at: time }),
  Duplicate: object(
    { id: uuid, type: text, status: { const: 'duplicate' }, created_at: time },
    'The id, type and time of the first event.',
  ),
  BatchResult: object({
    index: count,
    status: { enum: ['accepted', 'duplicate', 'rejected'] },
  }),
  Event: object(event),
  EventWithDeliveries: object({ ...event, deliveries: { type: 'array', items: object(deliverySummary) } }),
  Delivery: object(delivery),
  DeliveryWithAttempts: object({ ...delivery, attempts: { type: 'array', items: object(attempt) } }),
  Attempt: object(attempt),
  AttemptSummary: object(attemptSummary),
  TestResult: object({
    ...attempt,
    event_id: uuid,
    request: object({ headers: { type: 'object', additionalProperties: text }, body: text }),
  }),
  EndpointStats: object({
    status: endpointStatus,
    failing_since: orNull(time),
    last_fault: { oneOf: [object({ at: time, message: text }), { type: 'null' }] },
    deliveries: count,
    by_status: object(Object.fromEntries(DELIVERY_STATUSES.map((status) => [status, count]))),
    success_rate: { type: ['number', 'null'], minimum: 0, maximum: 1 },
    attempts: count,
    last_error: orNull(text),
    last_error_detail: orNull(text),
    last_error_at: orNull(time),
    breaker: { enum: ['closed', 'open'] },
    failures_in_row: count,
    latency: { oneOf: [object({ p50_ms: ms, p95_ms: ms, p99_ms: ms }), { type: 'null' }] },
    recent_attempts: { type: 'array', items: object(attemptSummary) },
    last_errors: { type: 'array', items: object(attemptSummary) },
  }),
  Me: object({
    organization: object({ id: uuid, name: text, tier: { enum: TIERS } }),
    key: object({ id: uuid, name: text, prefix: text, scopes: { type: 'array', items: { enum: SCOPES } } }),
    rate_limit_per_minute: orNull(count),
  }),
  Trace: object({
    event: object({ id: uuid, type: text, created_at: time, deliver_at: orNull(time) }),
    endpoints: {
      type: 'array',
      items: object({
        endpoint_id: uuid,
        url: orNull(text),
        status: { enum: ['active', 'paused', 'disabled', 'deleted'] },
        matched: flag,
        reason: orNull(text),
        deliveries: { type: 'array', items: object(deliverySummary) },
      }),
    },
    inboxes: {
      type: 'array',
      items: object({
        name: text,
        matched: flag,
        reason: orNull(text),
        status: { enum: [...INBOX_STATUSES, null] },
        lease_count: orNull(count),
      }),
    },
  }),
  Endpoint: object(endpoint),
  NewEndpoint: object({ ...endpoint, secret: text }),
  WebhookConfig: object({ webhook_url: text, endpoint_id: uuid, secret: text }),
  Subscription: object(subscription),
  NewSubscription: object({ ...subscription, secret: text }),
  Job: object(job),
  StartedJob: object({ deliveries: count, more: flag, job_id: uuid, job: object(job) }),
  Inbox: object(inbox),
  NewInbox: object({ ...inbox, notification_secret: orNull(text) }),
  InboxMessage: { ...object(message), properties: { ...message, ...holder } },
  Lease: object({
    lease_id: orNull(uuid),
    leased_until: orNull(time),
    data: { type: 'array', items: object(message) },
  }),
  Organization: object(organization),
  OrganizationInFull: object({ ...organization, retention_days: orNull({ type: 'number' }) }),
  NewKey: object({ api_key: text, key_id: uuid }),
  Key: object({
    id: uuid,
    name: text,
    prefix: text,
    scopes: { type: 'array', items: { enum: SCOPES } },
    created_at: time,
    last_used_at: orNull(time),
    expires_at: orNull(time),
  }),
  AuditEntry: object({
    id: uuid,
    action: text,
    target: orNull(text),
    actor: { type: 'object', required: ['kind'], properties: { kind: { enum: ['key', 'administrator'] } } },
    fields: texts,
    request_id: text,
    address: orNull(text),
    created_at: time,
  }),
  ZapierInbox: object({
    id: uuid,
    created_at: time,
    status: { enum: ['active', 'paused'] },
    name: text,
    paused_reason: orNull(text),
    notification_url: orNull(text),
  }),
  ZapierMessage: object({
    id: uuid,
    created_at: time,
    status: { enum: INBOX_STATUSES },
    payload: {},
    message_attributes: object({ lease_count: count }),
  }),
  Problem: {
    type: 'object',
    required: ['type', 'title', 'status', 'code', 'detail', 'request_id'],
    properties: {
      type: { type: 'string', examples: ['/problems/invalid_request'] },
      title: text,
      status: { type: 'integer' },
      code: { enum: Object.keys(PROBLEMS) },
      detail: text,
      request_id: text,
      errors: { type: 'array', items: object({ path: text, message: text }) },
    },
  },
} as const;
