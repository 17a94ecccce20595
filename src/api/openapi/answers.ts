import { count, list, object, orNull, ref, text, time, uuid } from './schemas.ts';

/** The successful answer of a route: a schema for JSON, else the media type. Absent = no content. */
export type AnswerBody = { readonly json: object } | { readonly media: string };

const json = (schema: object): AnswerBody => ({ json: schema });
const ids = { type: 'array', items: text } as const;
const healthy = { enum: ['ok', 'degraded'] } as const;
const results = { type: 'array', items: ref('BatchResult') } as const;

/** Answers by method and path, as in `OPERATIONS`. A test compares them with real answers. */
export const ANSWERS: Readonly<Record<string, AnswerBody>> = {
  'POST /api/events': json(ref('Accepted')),
  'POST /api/events/batch': json(object({ accepted: count, duplicates: count, rejected: count, results })),
  'GET /api/events': json(list(ref('Event'))),
  'GET /api/events/:id': json(ref('EventWithDeliveries')),
  'POST /api/events/erase': json(object({ erased_before: time })),
  'GET /api/events/export': { media: 'application/x-ndjson' },
  'GET /api/events/:id/trace': json(ref('Trace')),
  'GET /api/event-types': json(list(object({ type: text, events: count, more: { type: 'boolean' }, last_at: time }))),
  'GET /api/stream': { media: 'text/event-stream' },
  'POST /api/events/:id/replay': json(object({ deliveries: count, not_found: ids })),
  'POST /api/events/replay': json(ref('StartedJob')),
  'POST /api/deliveries/retry': json(ref('StartedJob')),
  'POST /api/deliveries/:id/retry': json(object({ deliveries: count })),
  'POST /api/deliveries/:id/cancel': json(ref('Delivery')),
  'POST /api/endpoints/:id/recover': json(ref('StartedJob')),
  'GET /api/jobs': json(list(ref('Job'))),
  'GET /api/jobs/:id': json(ref('Job')),
  'POST /api/jobs/:id/cancel': json(ref('Job')),
  'POST /api/endpoints': json(ref('NewEndpoint')),
  'GET /api/endpoints': json(list(ref('Endpoint'))),
  'GET /api/endpoints/:id': json(ref('Endpoint')),
  'PATCH /api/endpoints/:id': json(ref('Endpoint')),
  'GET /api/endpoints/:id/secret': json(object({ secret: text })),
  'GET /api/endpoints/:id/stats': json(ref('EndpointStats')),
  'POST /api/endpoints/:id/rotate-secret': json({
    oneOf: [
      object({ secret: text, previous_secret_expires_at: orNull(time) }),
      object({ public_key: text, previous_public_key_expires_at: orNull(time) }),
    ],
  }),
  'POST /api/endpoints/:id/test': json(ref('TestResult')),
  'POST /api/endpoints/:id/match-preview': json(
    object({
      events: count,
      matched: count,
      data: {
        type: 'array',
        items: object({ id: uuid, type: text, created_at: time, matched: { type: 'boolean' }, reason: orNull(text) }),
      },
    }),
  ),
  'POST /api/webhook/config': json(ref('WebhookConfig')),
  'GET /api/webhook/config': json(ref('WebhookConfig')),
  'POST /api/subscriptions': json(ref('NewSubscription')),
  'GET /api/subscriptions': json(list(ref('Subscription'))),
  'GET /api/subscriptions/:id': json(ref('Subscription')),
  'GET /api/deliveries': json(list(ref('Delivery'))),
  'GET /api/deliveries/:id': json(ref('DeliveryWithAttempts')),
  'GET /api/inbox': json(list(ref('InboxMessage'))),
  'POST /api/inbox/lease': json(ref('Lease')),
  'POST /api/inbox/ack': json(object({ acknowledged: count, not_found: ids, stale: ids })),
  'POST /api/inbox/release': json(object({ released: count, stale: ids })),
  'POST /api/inbox/extend': json(object({ extended: count, stale: ids })),
  'POST /api/inbox/requeue': json(
    object({ requeued: count, not_found: ids, more: { type: 'boolean' }, next_cursor: orNull(text) }),
  ),
  'POST /api/ack/:event_id': json(object({ acknowledged: count })),
  'POST /api/inboxes': json(ref('NewInbox')),
  'GET /api/inboxes': json(list(ref('Inbox'))),
  'GET /api/inboxes/:name': json(ref('Inbox')),
  'GET /api/inboxes/:name/secret': json(object({ secret: text })),
  'PATCH /api/inboxes/:name': json(ref('Inbox')),
  ...zapierAnswers('/trigger-inbox/api/v1'),
  ...zapierAnswers('/trigger-inbox/v1'),
  'GET /api/me': json(ref('Me')),
  'POST /api/keys': json(ref('NewKey')),
  'GET /api/keys': json(list(ref('Key'))),
  'POST /api/keys/rotate': json({ allOf: [ref('NewKey'), object({ previous_expires_at: time })] }),
  'POST /api/keys/generate': json({ allOf: [ref('NewKey'), object({ organization_id: uuid, tier: text })] }),
  'POST /api/organizations': json(object({ organization: ref('Organization'), api_key: text, key_id: uuid })),
  'GET /api/organizations': json(list(ref('Organization'))),
  'GET /api/organizations/:id': json(ref('OrganizationInFull')),
  'PATCH /api/organizations/:id': json(ref('OrganizationInFull')),
  'GET /api/audit': json(list(ref('AuditEntry'))),
  'GET /health': json(object({ status: healthy, version: text, engine: { enum: ['embedded', 'distributed'] } })),
  'GET /health/live': json(object({ status: { const: 'ok' } })),
  'GET /health/ready': json(object({ status: { const: 'ok' } })),
  'GET /health/detailed': json(
    object({
      status: { enum: ['ok', 'degraded', 'failed'] },
      reason: orNull(text),
      version: text,
      engine: text,
      deliveries: object({ waiting: count, oldest_due_at: orNull(time), lag_seconds: { type: 'number', minimum: 0 } }),
      inboxes: object({ quarantined: orNull(count) }),
    }),
  ),
  'GET /metrics': { media: 'text/plain' },
};

function zapierAnswers(prefix: string): Record<string, AnswerBody> {
  const inboxes = `${prefix}/inboxes`;
  const changed = { type: 'array', items: object({ id: uuid, status: text }) };
  const messages = { type: 'array', items: ref('ZapierMessage') };
  return {
    [`GET ${inboxes}`]: json(object({ count, results: { type: 'array', items: ref('ZapierInbox') } })),
    [`POST ${inboxes}`]: json(ref('ZapierInbox')),
    [`GET ${inboxes}/:id`]: json(ref('ZapierInbox')),
    [`POST ${inboxes}/:id/pause`]: json(ref('ZapierInbox')),
    [`POST ${inboxes}/:id/resume`]: json(ref('ZapierInbox')),
    [`GET ${inboxes}/:id/messages`]: json(object({ next: orNull(text), previous: orNull(text), results: messages })),
    [`POST ${inboxes}/:id/messages/lease`]: json(
      object({ lease_id: orNull(uuid), leased_until: orNull(time), results: messages }),
    ),
    [`POST ${inboxes}/:id/messages/ack`]: json(object({ acked_id: orNull(text), results: changed })),
    [`POST ${inboxes}/:id/messages/release`]: json(object({ released_id: orNull(uuid), results: changed })),
  };
}
