/**
 * Example bodies by method and path. A test sends each of them. `ENDPOINT`, `EVENT`, `LEASE` and similar words stand for ids of
 * existing objects.
 */
export const EXAMPLES: Readonly<Record<string, unknown>> = {
  'POST /api/events': { type: 'order.created', data: { id: 1, total: 99.5 }, dedup_id: 'order-1' },
  'POST /api/events/batch': [
    { type: 'order.created', data: { id: 2 } },
    { type: 'order.paid', data: { id: 2 }, ordering_key: 'order-2' },
  ],
  'POST /api/events/erase': { organization_name: 'ORGANIZATION', before: '2026-01-31T12:00:00.000Z' },
  'POST /api/events/:id/replay': {},
  'POST /api/events/replay': { endpoint_ids: ['ENDPOINT'], type: 'order.*', from: '2026-01-31T12:00:00.000Z' },
  'POST /api/deliveries/retry': { status: 'failed', type: 'order.*' },
  'POST /api/endpoints/:id/recover': { since: '2026-01-31T12:00:00.000Z' },
  'POST /api/endpoints': {
    url: 'https://example.com/hook',
    event_types: ['order.*'],
    filter: { 'data.total': { $gte: 100 } },
  },
  'PATCH /api/endpoints/:id': { enabled: false },
  'POST /api/endpoints/:id/rotate-secret': { grace_seconds: 86_400 },
  'POST /api/endpoints/:id/test': { type: 'order.created', data: { id: 1 } },
  'POST /api/endpoints/:id/match-preview': { filter: { 'data.id': { $eq: 1 } } },
  'POST /api/webhook/config': { webhook_url: 'https://example.com/hook' },
  'POST /api/subscriptions': { target_url: 'https://example.com/hook', event: 'order.created' },
  'POST /api/inbox/lease': { lease_limit: 10, lease_seconds: 300, wait_seconds: 0 },
  'POST /api/inbox/ack': { lease_id: 'LEASE' },
  'POST /api/inbox/release': { lease_id: 'LEASE', delay_seconds: 5 },
  'POST /api/inbox/extend': { lease_id: 'LEASE', lease_seconds: 300 },
  'POST /api/inbox/requeue': { event_ids: ['EVENT'] },
  'POST /api/inboxes': { name: 'billing', event_types: ['order.*'], max_leases: 10 },
  'PATCH /api/inboxes/:name': { paused: false },
  'POST /api/keys': { name: 'billing service', scopes: ['publish'] },
  'POST /api/keys/rotate': { grace_seconds: 3_600 },
  'POST /api/keys/generate': { organization_name: 'Example', tier: 'free' },
  'POST /api/organizations': { name: 'Example', tier: 'pro' },
  'PATCH /api/organizations/:id': { tier: 'business', retention_days: 7 },
  ...zapierExamples('/trigger-inbox/api/v1'),
  ...zapierExamples('/trigger-inbox/v1'),
};

function zapierExamples(prefix: string): Record<string, unknown> {
  return {
    [`POST ${prefix}/inboxes`]: { subscription: { action_key: 'order.created' } },
    [`POST ${prefix}/inboxes/:id/messages/lease`]: { lease_limit: 10, lease_seconds: 300 },
    [`POST ${prefix}/inboxes/:id/messages/ack`]: { lease_id: 'LEASE' },
    [`POST ${prefix}/inboxes/:id/messages/release`]: { lease_id: 'LEASE' },
  };
}
