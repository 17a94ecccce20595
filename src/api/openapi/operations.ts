/** In the order in which a new user needs them. */
export const TAGS = [
  'Events',
  'Endpoints',
  'Deliveries',
  'Retry and replay',
  'Inboxes',
  'REST hooks',
  'Keys',
  'Organizations',
  'Operations',
  'Zapier’s Trigger Inbox',
] as const;

/** The parts of a route's documentation that its schemas do not contain. */
export interface Operation {
  readonly tag: (typeof TAGS)[number];
  readonly summary: string;
  /** Status of the successful answer. */
  readonly status: number;
  /** Who may use the route; the default is an organization. */
  readonly access?: 'administrator' | 'everybody';
  /** The schema of a body that is not validated by a schema. */
  readonly body?: object;
  readonly bodyTypes?: readonly string[];
}

const event = {
  type: 'object',
  required: ['type', 'data'],
  properties: {
    type: { type: 'string', minLength: 1, maxLength: 255, examples: ['order.created'] },
    data: { description: 'Any JSON value of at most 256 KiB. It is stored and delivered byte for byte.' },
    dedup_id: { type: ['string', 'null'], minLength: 1, maxLength: 255 },
    ordering_key: { type: ['string', 'null'], minLength: 1, maxLength: 255 },
    deliver_at: { type: ['string', 'null'], format: 'date-time' },
  },
} as const;

const testBody = {
  type: 'object',
  properties: { type: { type: 'string' }, data: {} },
  additionalProperties: false,
} as const;

/** Every route by method and path. The start fails if one is missing. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /api/events': {
    tag: 'Events',
    summary: 'Send an event. A repeated dedup_id gets 200 with the first id',
    status: 202,
    body: event,
    bodyTypes: ['application/json', 'application/cloudevents+json'],
  },
  'POST /api/events/batch': {
    tag: 'Events',
    summary: 'Send many events as a JSON array or NDJSON. There is a result for each, in order',
    status: 202,
    body: { type: 'array', items: event, maxItems: 1_000 },
    bodyTypes: ['application/json', 'application/x-ndjson'],
  },
  'GET /api/events': { tag: 'Events', summary: 'List events, newest first', status: 200 },
  'GET /api/events/:id': { tag: 'Events', summary: 'Get an event and its deliveries', status: 200 },
  'DELETE /api/events/:id': {
    tag: 'Events',
    summary: 'Erase an event. Its waiting deliveries are canceled',
    status: 204,
  },
  'POST /api/events/erase': { tag: 'Events', summary: 'Erase all events, or those before a time', status: 202 },
  'GET /api/events/export': { tag: 'Events', summary: 'Export events as NDJSON or CSV, newest first', status: 200 },
  'GET /api/events/:id/trace': {
    tag: 'Events',
    summary: 'Trace an event: which endpoints and inboxes got it, and why others did not',
    status: 200,
  },
  'GET /api/event-types': {
    tag: 'Events',
    summary: 'List event types with counts and the time of the last event',
    status: 200,
  },
  'GET /api/stream': { tag: 'Events', summary: 'Stream events and attempts live (server-sent events)', status: 200 },
  'POST /api/events/:id/replay': { tag: 'Retry and replay', summary: 'Replay an event', status: 202 },
  'POST /api/events/replay': {
    tag: 'Retry and replay',
    summary: 'Replay many events to endpoints, or count them',
    status: 202,
  },
  'POST /api/deliveries/retry': { tag: 'Retry and replay', summary: 'Retry many deliveries', status: 202 },
  'POST /api/deliveries/:id/retry': { tag: 'Retry and replay', summary: 'Retry a delivery', status: 202 },
  'POST /api/deliveries/:id/cancel': { tag: 'Retry and replay', summary: 'Cancel a waiting delivery', status: 200 },
  'POST /api/endpoints/:id/recover': {
    tag: 'Retry and replay',
    summary: 'Retry the failed and skipped deliveries of an endpoint',
    status: 202,
  },
  'GET /api/jobs': { tag: 'Retry and replay', summary: 'List background jobs', status: 200 },
  'GET /api/jobs/:id': { tag: 'Retry and replay', summary: 'Get the progress of a job', status: 200 },
  'POST /api/jobs/:id/cancel': { tag: 'Retry and replay', summary: 'Cancel a job', status: 200 },
  'POST /api/endpoints': {
    tag: 'Endpoints',
    summary: 'Create an endpoint. The answer contains its secret',
    status: 201,
  },
  'GET /api/endpoints': { tag: 'Endpoints', summary: 'List endpoints, newest first', status: 200 },
  'GET /api/endpoints/:id': { tag: 'Endpoints', summary: 'Get an endpoint', status: 200 },
  'PATCH /api/endpoints/:id': { tag: 'Endpoints', summary: 'Change the given fields of an endpoint', status: 200 },
  'DELETE /api/endpoints/:id': {
    tag: 'Endpoints',
    summary: 'Delete an endpoint. Its waiting deliveries are canceled',
    status: 204,
  },
  'GET /api/endpoints/:id/secret': { tag: 'Endpoints', summary: 'Get the signing secret of an endpoint', status: 200 },
  'GET /api/endpoints/:id/stats': { tag: 'Endpoints', summary: 'Get statistics of an endpoint', status: 200 },
  'POST /api/endpoints/:id/rotate-secret': {
    tag: 'Endpoints',
    summary: 'Rotate the secret, with a grace period',
    status: 200,
  },
  'POST /api/endpoints/:id/test': { tag: 'Endpoints', summary: 'Send a test event now', status: 200, body: testBody },
  'POST /api/endpoints/:id/match-preview': {
    tag: 'Endpoints',
    summary: 'Preview which events a filter would match',
    status: 200,
  },
  'POST /api/webhook/config': { tag: 'Endpoints', summary: 'Set the default endpoint', status: 200 },
  'GET /api/webhook/config': { tag: 'Endpoints', summary: 'Get the default endpoint', status: 200 },
  'DELETE /api/webhook/config': { tag: 'Endpoints', summary: 'Remove the default endpoint', status: 204 },
  'POST /api/subscriptions': { tag: 'REST hooks', summary: 'Subscribe', status: 201 },
  'GET /api/subscriptions': { tag: 'REST hooks', summary: 'List subscriptions', status: 200 },
  'GET /api/subscriptions/:id': { tag: 'REST hooks', summary: 'Get a subscription', status: 200 },
  'DELETE /api/subscriptions/:id': { tag: 'REST hooks', summary: 'Unsubscribe. It may be repeated', status: 204 },
  'GET /api/deliveries': { tag: 'Deliveries', summary: 'List deliveries, newest first', status: 200 },
  'GET /api/deliveries/:id': { tag: 'Deliveries', summary: 'Get a delivery and its attempts', status: 200 },
  'GET /api/inbox': {
    tag: 'Inboxes',
    summary: 'List the events of an inbox, oldest first, without leasing them',
    status: 200,
  },
  'POST /api/inbox/lease': { tag: 'Inboxes', summary: 'Lease events; optionally wait for the first', status: 200 },
  'POST /api/inbox/ack': { tag: 'Inboxes', summary: 'Acknowledge leased events', status: 200 },
  'POST /api/inbox/release': { tag: 'Inboxes', summary: 'Release leased events', status: 200 },
  'POST /api/inbox/extend': { tag: 'Inboxes', summary: 'Extend a lease', status: 200 },
  'POST /api/inbox/requeue': { tag: 'Inboxes', summary: 'Make quarantined events available again', status: 200 },
  'POST /api/ack/:event_id': { tag: 'Inboxes', summary: 'Acknowledge one event in the inbox default', status: 200 },
  'POST /api/inboxes': { tag: 'Inboxes', summary: 'Create an inbox', status: 201 },
  'GET /api/inboxes': { tag: 'Inboxes', summary: 'List inboxes', status: 200 },
  'GET /api/inboxes/:name': { tag: 'Inboxes', summary: 'Get an inbox', status: 200 },
  'PATCH /api/inboxes/:name': { tag: 'Inboxes', summary: 'Change, pause or resume an inbox', status: 200 },
  'DELETE /api/inboxes/:name': { tag: 'Inboxes', summary: 'Delete an inbox', status: 204 },
  'GET /api/inboxes/:name/secret': {
    tag: 'Inboxes',
    summary: 'Get the secret that signs notifications of an inbox',
    status: 200,
  },
  ...zapierOperations('/trigger-inbox/api/v1'),
  ...zapierOperations('/trigger-inbox/v1'),
  'GET /api/me': { tag: 'Keys', summary: 'Get the organization and the key of the request', status: 200 },
  'POST /api/keys': { tag: 'Keys', summary: 'Create a key', status: 201 },
  'GET /api/keys': { tag: 'Keys', summary: 'List keys', status: 200 },
  'POST /api/keys/rotate': { tag: 'Keys', summary: 'Rotate the calling key', status: 201 },
  'DELETE /api/keys/:id': { tag: 'Keys', summary: 'Delete a key', status: 204 },
  'POST /api/keys/generate': {
    tag: 'Keys',
    summary: 'Create an organization with its first key (administrator), or a key for the calling organization',
    status: 201,
  },
  'POST /api/organizations': {
    tag: 'Organizations',
    summary: 'Create an organization',
    status: 201,
    access: 'administrator',
  },
  'GET /api/organizations': {
    tag: 'Organizations',
    summary: 'List organizations',
    status: 200,
    access: 'administrator',
  },
  'GET /api/organizations/:id': {
    tag: 'Organizations',
    summary: 'Get an organization',
    status: 200,
    access: 'administrator',
  },
  'PATCH /api/organizations/:id': {
    tag: 'Organizations',
    summary: 'Change an organization',
    status: 200,
    access: 'administrator',
  },
  'DELETE /api/organizations/:id': {
    tag: 'Organizations',
    summary: 'Delete an organization with all of its data',
    status: 204,
    access: 'administrator',
  },
  'GET /api/audit': { tag: 'Keys', summary: 'List changes (audit log), newest first', status: 200 },
  'GET /health': { tag: 'Operations', summary: 'Health', status: 200, access: 'everybody' },
  'GET /health/live': { tag: 'Operations', summary: 'Liveness', status: 200, access: 'everybody' },
  'GET /health/ready': { tag: 'Operations', summary: 'Readiness', status: 200, access: 'everybody' },
  'GET /health/detailed': { tag: 'Operations', summary: 'Detailed health', status: 200 },
  'GET /metrics': { tag: 'Operations', summary: 'Metrics for Prometheus', status: 200, access: 'everybody' },
};

/** Zapier's Trigger Inbox API (api/resources/inboxes/trigger-inbox.ts). */
function zapierOperations(prefix: string): Record<string, Operation> {
  const tag = 'Zapier’s Trigger Inbox';
  const inboxes = `${prefix}/inboxes`;
  return {
    [`GET ${inboxes}`]: { tag, summary: 'List inboxes', status: 200 },
    [`POST ${inboxes}`]: { tag, summary: 'Create an inbox', status: 201 },
    [`GET ${inboxes}/:id`]: { tag, summary: 'Get an inbox', status: 200 },
    [`DELETE ${inboxes}/:id`]: { tag, summary: 'Delete an inbox', status: 204 },
    [`POST ${inboxes}/:id/pause`]: { tag, summary: 'Pause an inbox', status: 200 },
    [`POST ${inboxes}/:id/resume`]: { tag, summary: 'Resume an inbox', status: 200 },
    [`GET ${inboxes}/:id/messages`]: { tag, summary: 'List messages', status: 200 },
    [`POST ${inboxes}/:id/messages/lease`]: { tag, summary: 'Lease messages', status: 200 },
    [`POST ${inboxes}/:id/messages/ack`]: { tag, summary: 'Acknowledge leased events', status: 200 },
    [`POST ${inboxes}/:id/messages/release`]: { tag, summary: 'Release messages', status: 200 },
  };
}
