import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { DEFAULT_INBOX, INBOX_STATUSES, type Inbox } from '../../../core/administration/inbox.ts';
import { isEventTypePattern } from '../../../core/events/event-type.ts';
import { canonicalId, type EventId, isUuid, type LeaseId, type OrganizationId } from '../../../core/ids.ts';
import {
  DEFAULT_LEASE_LIMIT,
  DEFAULT_LEASE_SECONDS,
  MAX_ACK_IDS,
  MAX_EVENT_TYPE_PATTERNS,
  MAX_LEASE_LIMIT,
  MAX_LEASE_SECONDS,
  MAX_WAIT_SECONDS,
} from '../../../core/limits.ts';
import { msOfSeconds, toIso } from '../../../core/time.ts';
import { mayManage } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import {
  disconnectSignal,
  invalidField,
  JSON_TYPE,
  NOT_FOUND,
  onCutAnswer,
  ProblemError,
} from '../../http/answers/index.ts';
import type { Answers } from '../../http/budgets/index.ts';
import { ListPage, PAGE_QUERY, readPage, sortIds, TIME_QUERY } from '../../http/lists/index.ts';
import { heldMessageJson, messageJson, pageJson } from '../views/index.ts';

const inbox = { type: 'string', minLength: 1, maxLength: 100, default: DEFAULT_INBOX } as const;
const event_ids = { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MAX_ACK_IDS } as const;
const event_types = { type: 'array', items: { type: 'string' }, maxItems: MAX_EVENT_TYPE_PATTERNS } as const;
const lease_id = { type: 'string', minLength: 1, maxLength: 64 } as const;
const lease_seconds = { type: 'integer', minimum: 1, maximum: MAX_LEASE_SECONDS } as const;

const InboxQuery = {
  type: 'object',
  properties: { ...PAGE_QUERY, inbox, status: { enum: [...INBOX_STATUSES, 'all'] } },
} as const;
const LeaseBody = {
  type: 'object',
  properties: {
    inbox,
    lease_limit: { type: 'integer', minimum: 1, maximum: MAX_LEASE_LIMIT, default: DEFAULT_LEASE_LIMIT },
    lease_seconds: { ...lease_seconds, default: DEFAULT_LEASE_SECONDS },
    wait_seconds: { type: 'number', minimum: 0, maximum: MAX_WAIT_SECONDS, default: 0 },
    event_types,
  },
  additionalProperties: false,
} as const;
const AckBody = {
  type: 'object',
  properties: { inbox, event_ids, lease_id },
  additionalProperties: false,
} as const;
const ReleaseBody = {
  type: 'object',
  properties: {
    inbox,
    lease_id,
    event_ids,
    delay_seconds: { type: 'integer', minimum: 0, maximum: MAX_LEASE_SECONDS, default: 0 },
  },
  required: ['lease_id'],
  additionalProperties: false,
} as const;
const ExtendBody = {
  type: 'object',
  properties: { inbox, lease_id, event_ids, lease_seconds },
  required: ['lease_id', 'lease_seconds'],
  additionalProperties: false,
} as const;
const RequeueBody = {
  type: 'object',
  properties: {
    inbox,
    event_ids,
    all: { type: 'boolean', description: 'Instead of event_ids: all quarantined events that match.' },
    event_types,
    ...TIME_QUERY,
    cursor: PAGE_QUERY.cursor,
  },
  additionalProperties: false,
} as const;

export function inboxRoutes(app: FastifyInstance, { engine, inboxService, reads }: ApiParts, answers: Answers): void {
  const { inboxes } = engine.store;

  app.get<{ Querystring: FromSchema<typeof InboxQuery> }>(
    '/api/inbox',
    { schema: { querystring: InboxQuery } },
    async (request, reply) => {
      const { status = 'available', inbox: name } = request.query;
      const { id: organizationId } = request.caller.organization;
      const page = new ListPage(organizationId, 'inbox', request.query, [status, name]);
      const of = await find(organizationId, name);
      const { rows, nextCursor } = await readPage(reads, organizationId, page, {
        read: ({ after, ...piece }) =>
          inboxes.list(of, { ...piece, after: after as EventId | null, status: status === 'all' ? null : status }),
        idOf: ({ event }) => event.id,
        dataOf: ({ event }) => event,
      });
      const print = mayManage(request.caller) ? heldMessageJson : messageJson;
      return reply.type(JSON_TYPE).send(pageJson(rows.map(print), nextCursor));
    },
  );

  app.post<{ Body: FromSchema<typeof LeaseBody> }>(
    '/api/inbox/lease',
    { schema: { body: LeaseBody }, config: { isLease: true } },
    async (request, reply) => {
      answers.refuseWhenFull(request.caller.organization.id);
      const { body } = request;
      const eventTypes = patternsOf(body);
      const of = await find(request.caller.organization.id, body.inbox);
      const lease = await inboxService.lease(of, {
        limit: body.lease_limit ?? DEFAULT_LEASE_LIMIT,
        leaseMs: msOfSeconds(body.lease_seconds ?? DEFAULT_LEASE_SECONDS),
        eventTypes,
        waitMs: msOfSeconds(body.wait_seconds ?? 0),
        signal: disconnectSignal(reply),
      });
      if (lease !== undefined) onCutAnswer(reply, () => inboxService.undoLease(of, lease));
      const head = { lease_id: lease?.id ?? null, leased_until: lease === undefined ? null : toIso(lease.until) };
      const messages = (lease?.messages ?? []).map(messageJson).join(',');
      return reply.type(JSON_TYPE).send(`${JSON.stringify(head).slice(0, -1)},"data":[${messages}]}`);
    },
  );

  const ack = { schema: { body: AckBody }, config: { needsBody: true } };
  app.post<{ Body: FromSchema<typeof AckBody> }>('/api/inbox/ack', ack, async (request) => {
    const { inbox: name, event_ids, lease_id } = request.body;
    if (event_ids === undefined && lease_id === undefined) {
      throw invalidField('event_ids', 'or lease_id is required');
    }
    const { ids, strange, asSent } = sortIds(event_ids ?? []);
    const { acknowledged, notFound, stale } = await inboxes.ack(await find(request.caller.organization.id, name), {
      eventIds: event_ids === undefined ? null : ids,
      leaseId: lease_id === undefined ? null : canonicalId<LeaseId>(lease_id),
    });
    return { acknowledged, not_found: [...asSent(notFound), ...strange], stale: asSent(stale) };
  });

  app.post<{ Params: { event_id: EventId } }>('/api/ack/:event_id', async (request) => {
    if (!isUuid(request.params.event_id)) throw new ProblemError(NOT_FOUND);
    const acked = await inboxes.ack(await find(request.caller.organization.id, undefined), {
      eventIds: [request.params.event_id],
      leaseId: null,
    });
    if (acked.acknowledged === 0) throw new ProblemError(NOT_FOUND);
    return { acknowledged: acked.acknowledged };
  });

  app.post<{ Body: FromSchema<typeof ReleaseBody> }>(
    '/api/inbox/release',
    { schema: { body: ReleaseBody } },
    async (request) => {
      const { inbox: name, delay_seconds = 0 } = request.body;
      const { selection, strange, asSent } = selected(request.body);
      const delayMs = msOfSeconds(delay_seconds);
      const done = await inboxes.release(await find(request.caller.organization.id, name), { ...selection, delayMs });
      return { released: done.released, stale: [...asSent(done.stale), ...strange] };
    },
  );

  app.post<{ Body: FromSchema<typeof ExtendBody> }>(
    '/api/inbox/extend',
    { schema: { body: ExtendBody } },
    async (request) => {
      const { inbox: name, lease_seconds } = request.body;
      const { selection, strange, asSent } = selected(request.body);
      const leaseMs = msOfSeconds(lease_seconds);
      const done = await inboxes.extend(await find(request.caller.organization.id, name), { ...selection, leaseMs });
      return { extended: done.extended, stale: [...asSent(done.stale), ...strange] };
    },
  );

  app.post<{ Body: FromSchema<typeof RequeueBody> }>(
    '/api/inbox/requeue',
    { schema: { body: RequeueBody }, config: { needsBody: true } },
    async (request) => {
      const { inbox: name, event_ids, all = false } = request.body;
      const { id: organizationId } = request.caller.organization;
      if (all) return requeueAll(organizationId, request.body);
      if (event_ids === undefined) throw invalidField('event_ids', 'or all is required');
      for (const field of ['event_types', 'from', 'to', 'cursor'] as const) {
        if (request.body[field] !== undefined) throw invalidField(field, 'is allowed with all, not with event_ids');
      }
      const { ids, strange, asSent } = sortIds(event_ids);
      const { requeued, notFound } = await inboxes.requeue(await find(organizationId, name), ids);
      return { requeued, not_found: [...asSent(notFound), ...strange], more: false, next_cursor: null };
    },
  );

  async function requeueAll(organizationId: OrganizationId, body: FromSchema<typeof RequeueBody>) {
    const { inbox: name, event_ids, cursor, from, to } = body;
    if (event_ids !== undefined) throw invalidField('event_ids', 'and all cannot be combined: send one of them');
    const eventTypes = patternsOf(body);
    const query = {
      ...(cursor === undefined ? {} : { cursor }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    };
    const page = new ListPage(organizationId, 'requeue', query, [name, ...eventTypes]);
    const { after, ...range } = page.request;
    const wanted = { eventTypes, from: range.from, to: range.to, after: after as EventId | null };
    const { requeued, last } = await inboxService.requeue(await find(organizationId, name), wanted);
    return { requeued, not_found: [], more: last !== null, next_cursor: last === null ? null : page.cursorAfter(last) };
  }

  async function find(organizationId: OrganizationId, name = DEFAULT_INBOX): Promise<Inbox> {
    const found = await inboxes.get(organizationId, name);
    if (found === undefined) throw new ProblemError(NOT_FOUND);
    return found;
  }
}

function patternsOf({ event_types: patterns = [] }: { event_types?: string[] }): string[] {
  const wrong = patterns.findIndex((pattern) => !isEventTypePattern(pattern));
  if (wrong >= 0) throw invalidField(`event_types.${wrong}`, 'must be an event type or a pattern');
  return patterns;
}

function selected({ lease_id, event_ids }: { lease_id: string; event_ids?: string[] }) {
  const { ids, ...named } = sortIds(event_ids ?? []);
  const leaseId = canonicalId<LeaseId>(lease_id);
  return { selection: { leaseId, eventIds: event_ids === undefined ? null : ids }, ...named };
}
