import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import type { Inbox, InboxMessage } from '../../../core/administration/inbox.ts';
import { isEventTypePattern } from '../../../core/events/event-type.ts';
import { canonicalId, type EventId, type LeaseId } from '../../../core/ids.ts';
import { DEFAULT_LEASE_LIMIT, DEFAULT_LEASE_SECONDS, MAX_ACK_IDS, MAX_URL_LENGTH } from '../../../core/limits.ts';
import { msOfSeconds, toIso } from '../../../core/time.ts';
import { mayManage } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { disconnectSignal, JSON_TYPE, NOT_FOUND, onCutAnswer, ProblemError } from '../../http/answers/index.ts';
import type { Answers } from '../../http/budgets/index.ts';
import { ListPage, readPage, sortIds } from '../../http/lists/index.ts';
import { InboxAdmin, type InboxWithNotification } from './inbox-admin.ts';

/**
 * Zapier's Trigger Inbox API on top of inboxes, for its existing clients: the same operations with other names
 * (docs.zapier.com, "Trigger Inbox"; its guides use the path `/api/v1`, its reference `/v1`). Fields about Zapier's apps are
 * ignored; `subscription.action_key` is the event type.
 */
const PREFIXES = ['/trigger-inbox/api/v1', '/trigger-inbox/v1'];

/** The bounds of Zapier's API. */
const MAX_LEASE_LIMIT = 100;
const MAX_LEASE_SECONDS = 3_600;
const PAGE = 100;

const lease_id = { type: 'string', minLength: 1, maxLength: 64 } as const;
const message_ids = { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MAX_ACK_IDS } as const;

const InboxBody = {
  type: 'object',
  properties: {
    name: { type: ['string', 'null'], minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' },
    subscription: { type: 'object', properties: { action_key: { type: 'string' } } },
    notification_url: { type: ['string', 'null'], maxLength: MAX_URL_LENGTH },
  },
} as const;
const LeaseBody = {
  type: 'object',
  properties: {
    lease_limit: { type: 'integer', minimum: 1, maximum: MAX_LEASE_LIMIT, default: DEFAULT_LEASE_LIMIT },
    lease_seconds: { type: 'integer', minimum: 1, maximum: MAX_LEASE_SECONDS, default: DEFAULT_LEASE_SECONDS },
  },
} as const;
const HeldBody = { type: 'object', properties: { lease_id, message_ids }, required: ['lease_id'] } as const;
const CursorQuery = { type: 'object', properties: { cursor: { type: 'string' } } } as const;

interface OfInbox {
  Params: { id: string };
}

export function triggerInboxRoutes(app: FastifyInstance, parts: ApiParts, answers: Answers): void {
  for (const prefix of PREFIXES) app.register(async (alias) => addRoutes(alias, parts, answers), { prefix });
}

function addRoutes(app: FastifyInstance, parts: ApiParts, answers: Answers): void {
  const { engine, inboxService, ids, reads } = parts;
  const { inboxes, notifications } = engine.store;
  const admin = new InboxAdmin(parts);

  app.get('/inboxes', async (request) => {
    const { id } = request.caller.organization;
    const [all, told] = await Promise.all([inboxes.all(id), notifications.ofOrganization(id)]);
    const results = all.map((inbox) => {
      const notification = told.find(({ inboxId }) => inboxId === inbox.id);
      return zapierInbox({ inbox, notification }, mayManage(request.caller));
    });
    return { count: all.length, next: null, previous: null, results };
  });

  app.post<{ Body: FromSchema<typeof InboxBody> }>(
    '/inboxes',
    { schema: { body: InboxBody } },
    async (request, reply) => {
      const { name, subscription, notification_url = null } = request.body;
      const type = subscription?.action_key;
      const event_types = type !== undefined && isEventTypePattern(type) ? [type] : [];
      const made = await admin.create(request.caller.organization.id, name ?? `inbox-${ids.next()}`, {
        event_types,
        notification_url,
      });
      return reply.code(201).send(zapierInbox(made));
    },
  );

  app.get<OfInbox>('/inboxes/:id', async (request) => {
    const inbox = await find(request);
    return zapierInbox({ inbox, notification: await admin.notification(inbox) }, mayManage(request.caller));
  });

  app.delete<OfInbox>('/inboxes/:id', async (request, reply) => {
    const { organizationId, name } = await find(request);
    await admin.remove(organizationId, name);
    return reply.code(204).send();
  });

  for (const [action, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    app.post<OfInbox>(`/inboxes/:id/${action}`, async (request) => {
      const { organizationId, name } = await find(request);
      return zapierInbox(await admin.change(organizationId, name, { paused }));
    });
  }

  app.get<OfInbox & { Querystring: FromSchema<typeof CursorQuery> }>(
    '/inboxes/:id/messages',
    { schema: { querystring: CursorQuery } },
    async (request, reply) => {
      const inbox = await find(request);
      const page = new ListPage(inbox.organizationId, 'trigger-inbox', { ...request.query, limit: PAGE }, [inbox.id]);
      const { rows, nextCursor } = await readPage(reads, inbox.organizationId, page, {
        read: ({ after, ...piece }) => inboxes.list(inbox, { ...piece, after: after as EventId | null, status: null }),
        idOf: ({ event }) => event.id,
        dataOf: ({ event }) => event,
      });
      const path = request.url.split('?')[0];
      const next = nextCursor === null ? null : `${path}?cursor=${encodeURIComponent(nextCursor)}`;
      const results = rows.map(zapierMessage).join(',');
      return reply.type(JSON_TYPE).send(`{"next":${JSON.stringify(next)},"previous":null,"results":[${results}]}`);
    },
  );

  app.post<OfInbox & { Body: FromSchema<typeof LeaseBody> }>(
    '/inboxes/:id/messages/lease',
    { schema: { body: LeaseBody }, config: { isLease: true } },
    async (request, reply) => {
      answers.refuseWhenFull(request.caller.organization.id);
      const inbox = await find(request);
      const lease = await inboxService.lease(inbox, {
        limit: request.body.lease_limit ?? DEFAULT_LEASE_LIMIT,
        leaseMs: msOfSeconds(request.body.lease_seconds ?? DEFAULT_LEASE_SECONDS),
        eventTypes: [],
        waitMs: 0,
        signal: disconnectSignal(reply),
      });
      if (lease !== undefined) onCutAnswer(reply, () => inboxService.undoLease(inbox, lease));
      const head = { lease_id: lease?.id ?? null, leased_until: lease === undefined ? null : toIso(lease.until) };
      const attributes = JSON.stringify({ status: statusOf(inbox), paused_reason: pausedReason(inbox) });
      const results = (lease?.messages ?? []).map(zapierMessage).join(',');
      return reply
        .type(JSON_TYPE)
        .send(`${JSON.stringify(head).slice(0, -1)},"results":[${results}],"inbox_attributes":${attributes}}`);
    },
  );

  app.post<OfInbox & { Body: FromSchema<typeof HeldBody> }>(
    '/inboxes/:id/messages/ack',
    { schema: { body: HeldBody } },
    async (request) => {
      const inbox = await find(request);
      const { leaseId, wanted } = await selected(inbox, request.body);
      if (wanted.length === 0) return { acked_id: null, results: [] };
      const { notFound, stale } = await inboxes.ack(inbox, { leaseId, eventIds: wanted });
      const results = changed(wanted, [...notFound, ...stale], 'acked');
      return { acked_id: results.length === 0 ? null : leaseId, results };
    },
  );

  app.post<OfInbox & { Body: FromSchema<typeof HeldBody> }>(
    '/inboxes/:id/messages/release',
    { schema: { body: HeldBody } },
    async (request) => {
      const inbox = await find(request);
      const { leaseId, wanted } = await selected(inbox, request.body);
      if (wanted.length === 0) return { released_id: null, results: [] };
      const { stale } = await inboxes.release(inbox, { leaseId, eventIds: wanted, delayMs: 0 });
      const results = changed(wanted, stale, 'available');
      return { released_id: results.length === 0 ? null : leaseId, results };
    },
  );

  async function selected(inbox: Inbox, body: FromSchema<typeof HeldBody>) {
    const leaseId = canonicalId<LeaseId>(body.lease_id);
    const named = body.message_ids;
    return { leaseId, wanted: named === undefined ? await inboxes.leasedEvents(inbox, leaseId) : sortIds(named).ids };
  }

  /** Finds an inbox by its id, as in Zapier's API, or by its name. */
  async function find(request: FastifyRequest): Promise<Inbox> {
    const { id } = request.params as OfInbox['Params'];
    const all = await inboxes.all(request.caller.organization.id);
    const found = all.find((inbox) => inbox.id === canonicalId(id) || inbox.name === id);
    if (found === undefined) throw new ProblemError(NOT_FOUND);
    return found;
  }
}

function changed(wanted: readonly EventId[], without: readonly EventId[], status: string) {
  const others = new Set(without);
  return wanted.filter((id) => !others.has(id)).map((id) => ({ id, status }));
}

function zapierInbox({ inbox, notification }: InboxWithNotification, maySeeUrl = true) {
  return {
    id: inbox.id,
    created_at: toIso(inbox.createdAt),
    status: statusOf(inbox),
    subscription: { app_key: 'triggers-api', action_key: inbox.eventTypes[0] ?? '**', inputs: {}, connection_id: null },
    name: inbox.name,
    paused_reason: pausedReason(inbox),
    notification_url: maySeeUrl ? (notification?.url ?? null) : null,
  };
}

function zapierMessage({ event, status, leaseCount }: InboxMessage): string {
  const head = JSON.stringify({ id: event.id, created_at: toIso(event.createdAt), status, type: event.type });
  const attributes = `{"lease_count":${leaseCount},"error_message":null,"possible_duplicate_data":false}`;
  return `${head.slice(0, -1)},"payload":${event.data},"message_attributes":${attributes}}`;
}

function statusOf({ paused }: Inbox): 'active' | 'paused' {
  return paused ? 'paused' : 'active';
}

function pausedReason({ paused }: Inbox): 'user' | null {
  return paused ? 'user' : null;
}
