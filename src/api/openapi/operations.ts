/** In the order in which somebody new meets them. */
export const TAGS = [
  'Events',
  'Endpoints',
  'Deliveries',
  'Sending again',
  'Inboxes',
  'REST hooks',
  'Keys',
  'Organizations',
  'Operations',
  'Zapier’s Trigger Inbox',
] as const;

/** What the document says of a route that its schemas don't. */
export interface Operation {
  readonly tag: (typeof TAGS)[number];
  readonly summary: string;
  /** Of the answer when all is well. */
  readonly status: number;
  /** Whose route it is; a tenant's unless said otherwise. */
  readonly access?: 'administrator' | 'everybody';
  /** Where no schema judges the body: what it is. */
  readonly body?: object;
  readonly bodyTypes?: readonly string[];
}

const event = {
  type: 'object',
  required: ['type', 'data'],
  properties: {
    type: { type: 'string', minLength: 1, maxLength: 255, examples: ['order.created'] },
    data: { description: 'Any JSON value, 256 KiB at most; kept and delivered byte for byte.' },
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

/** Every route there is, by method and address; a test sees to it. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /api/events': {
    tag: 'Events',
    summary: 'Send an event; 200 with the first id where its dedup_id was seen before',
    status: 202,
    body: event,
    bodyTypes: ['application/json', 'application/cloudevents+json'],
  },
  'POST /api/events/batch': {
    tag: 'Events',
    summary: 'Send many events, as a JSON array or as NDJSON without end; a result for each, in order',
    status: 202,
    body: { type: 'array', items: event, maxItems: 1_000 },
    bodyTypes: ['application/json', 'application/x-ndjson'],
  },
  'GET /api/events': { tag: 'Events', summary: 'List events, newest first', status: 200 },
  'GET /api/events/:id': { tag: 'Events', summary: 'Look at an event and its deliveries', status: 200 },
  'DELETE /api/events/:id': {
    tag: 'Events',
    summary: 'Erase an event with its deliveries; what waits is canceled',
    status: 204,
  },
  'POST /api/events/erase': { tag: 'Events', summary: 'Erase all events, or those before a time', status: 202 },
  'GET /api/events/export': { tag: 'Events', summary: 'Take events out as NDJSON or CSV, newest first', status: 200 },
  'GET /api/events/:id/trace': { tag: 'Events', summary: 'Where an event went, and why nowhere else', status: 200 },
  'GET /api/event-types': { tag: 'Events', summary: 'List event types with counts and last times', status: 200 },
  'GET /api/stream': { tag: 'Events', summary: 'Watch events and attempts live (server-sent events)', status: 200 },
  'POST /api/events/:id/replay': { tag: 'Sending again', summary: 'Send an event again', status: 202 },
  'POST /api/events/replay': {
    tag: 'Sending again',
    summary: 'Send many events to endpoints; or count them',
    status: 202,
  },
  'POST /api/deliveries/retry': { tag: 'Sending again', summary: 'Retry many deliveries', status: 202 },
  'POST /api/deliveries/:id/retry': { tag: 'Sending again', summary: 'Retry a delivery', status: 202 },
  'POST /api/deliveries/:id/cancel': { tag: 'Sending again', summary: 'Cancel a delivery that waits', status: 200 },
  'POST /api/endpoints/:id/recover': { tag: 'Sending again', summary: 'Retry what an endpoint missed', status: 202 },
  'GET /api/jobs': { tag: 'Sending again', summary: 'List work in the background', status: 200 },
  'GET /api/jobs/:id': { tag: 'Sending again', summary: 'See how far a job is', status: 200 },
  'POST /api/jobs/:id/cancel': { tag: 'Sending again', summary: 'Stop a job', status: 200 },
  'POST /api/endpoints': {
    tag: 'Endpoints',
    summary: 'Create an endpoint; the only answer with its secret',
    status: 201,
  },
  'GET /api/endpoints': { tag: 'Endpoints', summary: 'List endpoints, newest first', status: 200 },
  'GET /api/endpoints/:id': { tag: 'Endpoints', summary: 'Look at an endpoint', status: 200 },
  'PATCH /api/endpoints/:id': { tag: 'Endpoints', summary: 'Change what is named', status: 200 },
  'DELETE /api/endpoints/:id': { tag: 'Endpoints', summary: 'Delete an endpoint; what waits is canceled', status: 204 },
  'GET /api/endpoints/:id/secret': { tag: 'Endpoints', summary: 'Show the secret', status: 200 },
  'GET /api/endpoints/:id/stats': { tag: 'Endpoints', summary: 'How an endpoint does', status: 200 },
  'POST /api/endpoints/:id/rotate-secret': { tag: 'Endpoints', summary: 'Change the secret, with grace', status: 200 },
  'POST /api/endpoints/:id/test': { tag: 'Endpoints', summary: 'Send a test now', status: 200, body: testBody },
  'POST /api/endpoints/:id/match-preview': { tag: 'Endpoints', summary: 'See what a filter would match', status: 200 },
  'POST /api/webhook/config': { tag: 'Endpoints', summary: 'Set the default endpoint', status: 200 },
  'GET /api/webhook/config': { tag: 'Endpoints', summary: 'Look at the default endpoint', status: 200 },
  'DELETE /api/webhook/config': { tag: 'Endpoints', summary: 'Remove the default endpoint', status: 204 },
  'POST /api/subscriptions': { tag: 'REST hooks', summary: 'Subscribe', status: 201 },
  'GET /api/subscriptions': { tag: 'REST hooks', summary: 'List subscriptions', status: 200 },
  'GET /api/subscriptions/:id': { tag: 'REST hooks', summary: 'Look at a subscription', status: 200 },
  'DELETE /api/subscriptions/:id': { tag: 'REST hooks', summary: 'Unsubscribe, however often', status: 204 },
  'GET /api/deliveries': { tag: 'Deliveries', summary: 'List deliveries, newest first', status: 200 },
  'GET /api/deliveries/:id': { tag: 'Deliveries', summary: 'Look at a delivery and its attempts', status: 200 },
  'GET /api/inbox': { tag: 'Inboxes', summary: 'Look into an inbox, oldest first; takes nothing', status: 200 },
  'POST /api/inbox/lease': { tag: 'Inboxes', summary: 'Take events for a while, waiting for the first', status: 200 },
  'POST /api/inbox/ack': { tag: 'Inboxes', summary: 'Acknowledge', status: 200 },
  'POST /api/inbox/release': { tag: 'Inboxes', summary: 'Give back', status: 200 },
  'POST /api/inbox/extend': { tag: 'Inboxes', summary: 'Hold on', status: 200 },
  'POST /api/inbox/requeue': { tag: 'Inboxes', summary: 'Make quarantined events available again', status: 200 },
  'POST /api/ack/:event_id': { tag: 'Inboxes', summary: 'Acknowledge one event in the inbox default', status: 200 },
  'POST /api/inboxes': { tag: 'Inboxes', summary: 'Create an inbox', status: 201 },
  'GET /api/inboxes': { tag: 'Inboxes', summary: 'List inboxes', status: 200 },
  'GET /api/inboxes/:name': { tag: 'Inboxes', summary: 'Look at an inbox', status: 200 },
  'PATCH /api/inboxes/:name': { tag: 'Inboxes', summary: 'Change, pause or resume an inbox', status: 200 },
  'DELETE /api/inboxes/:name': { tag: 'Inboxes', summary: 'Delete an inbox', status: 204 },
  'GET /api/inboxes/:name/secret': {
    tag: 'Inboxes',
    summary: 'Show the secret that signs its notifications',
    status: 200,
  },
  ...zapierOperations('/trigger-inbox/api/v1'),
  ...zapierOperations('/trigger-inbox/v1'),
  'GET /api/me': { tag: 'Keys', summary: 'Who am I', status: 200 },
  'POST /api/keys': { tag: 'Keys', summary: 'Make one more key', status: 201 },
  'GET /api/keys': { tag: 'Keys', summary: 'List keys', status: 200 },
  'POST /api/keys/rotate': { tag: 'Keys', summary: 'Replace the key that calls', status: 201 },
  'DELETE /api/keys/:id': { tag: 'Keys', summary: 'Delete a key', status: 204 },
  'POST /api/keys/generate': {
    tag: 'Keys',
    summary: 'Make an organization with its first key (administrator), or one more key of one’s own',
    status: 201,
  },
  'POST /api/organizations': { tag: 'Organizations', summary: 'Create', status: 201, access: 'administrator' },
  'GET /api/organizations': { tag: 'Organizations', summary: 'List', status: 200, access: 'administrator' },
  'GET /api/organizations/:id': { tag: 'Organizations', summary: 'Look', status: 200, access: 'administrator' },
  'PATCH /api/organizations/:id': { tag: 'Organizations', summary: 'Change', status: 200, access: 'administrator' },
  'DELETE /api/organizations/:id': {
    tag: 'Organizations',
    summary: 'Delete with everything that it has',
    status: 204,
    access: 'administrator',
  },
  'GET /api/audit': { tag: 'Keys', summary: 'Who changed what, newest first', status: 200 },
  'GET /health': { tag: 'Operations', summary: 'Health', status: 200, access: 'everybody' },
  'GET /health/live': { tag: 'Operations', summary: 'Liveness', status: 200, access: 'everybody' },
  'GET /health/ready': { tag: 'Operations', summary: 'Readiness', status: 200, access: 'everybody' },
  'GET /health/detailed': { tag: 'Operations', summary: 'Health in detail', status: 200 },
  'GET /metrics': { tag: 'Operations', summary: 'Metrics for Prometheus', status: 200, access: 'everybody' },
};

/** Zapier's Trigger Inbox API (api/resources/inboxes/trigger-inbox.ts). */
function zapierOperations(prefix: string): Record<string, Operation> {
  const tag = 'Zapier’s Trigger Inbox';
  const inboxes = `${prefix}/inboxes`;
  return {
    [`GET ${inboxes}`]: { tag, summary: 'List inboxes', status: 200 },
    [`POST ${inboxes}`]: { tag, summary: 'Create an inbox', status: 201 },
    [`GET ${inboxes}/:id`]: { tag, summary: 'Look at an inbox', status: 200 },
    [`DELETE ${inboxes}/:id`]: { tag, summary: 'Delete an inbox', status: 204 },
    [`POST ${inboxes}/:id/pause`]: { tag, summary: 'Pause', status: 200 },
    [`POST ${inboxes}/:id/resume`]: { tag, summary: 'Resume', status: 200 },
    [`GET ${inboxes}/:id/messages`]: { tag, summary: 'List messages', status: 200 },
    [`POST ${inboxes}/:id/messages/lease`]: { tag, summary: 'Lease', status: 200 },
    [`POST ${inboxes}/:id/messages/ack`]: { tag, summary: 'Acknowledge', status: 200 },
    [`POST ${inboxes}/:id/messages/release`]: { tag, summary: 'Release', status: 200 },
  };
}
