import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { isEventTypePattern } from '../../core/event-type.ts';
import type { InboxId } from '../../core/ids.ts';
import { DEFAULT_INBOX, type Inbox } from '../../core/inbox.ts';
import {
  DEFAULT_MAX_LEASES,
  MAX_EVENT_TYPE_PATTERNS,
  MAX_INBOX_LEASES,
  MAX_INBOXES_PER_ORGANIZATION,
  MAX_TYPE_LENGTH,
} from '../../core/limits.ts';
import { toIso } from '../../core/time.ts';
import type { ApiParts } from '../context.ts';
import { invalidField, NOT_FOUND, ProblemError, problemError } from '../problems.ts';

const NAME = '^[A-Za-z0-9][A-Za-z0-9._-]*$';

const CHANGEABLE = {
  event_types: {
    type: 'array',
    items: { type: 'string', maxLength: MAX_TYPE_LENGTH },
    maxItems: MAX_EVENT_TYPE_PATTERNS,
  },
  max_leases: { type: 'integer', minimum: 1, maximum: MAX_INBOX_LEASES },
  paused: { type: 'boolean' },
} as const;

const newInboxSchema = {
  type: 'object',
  properties: { name: { type: 'string', minLength: 1, maxLength: 100, pattern: NAME }, ...CHANGEABLE },
  required: ['name'],
  additionalProperties: false,
} as const;

const changesSchema = { type: 'object', properties: CHANGEABLE, additionalProperties: false } as const;
type Changes = FromSchema<typeof changesSchema>;

/** Inboxes by name: each has a state of its own for every event. */
export function inboxAdminRoutes(app: FastifyInstance, { engine, ids, clock }: ApiParts): void {
  const { inboxes } = engine.store;

  app.post<{ Body: FromSchema<typeof newInboxSchema> }>(
    '/api/inboxes',
    { schema: { body: newInboxSchema } },
    async (request, reply) => {
      const { name, event_types = [], max_leases = DEFAULT_MAX_LEASES, paused = false } = request.body;
      checkPatterns(event_types);
      const inbox: Inbox = {
        id: ids.next<InboxId>(),
        organizationId: request.caller.organization.id,
        name,
        eventTypes: event_types,
        maxLeases: max_leases,
        paused,
        createdAt: clock.now(),
      };
      const outcome = await inboxes.create(inbox);
      if (outcome === 'conflict') throw problemError('conflict', 'There is an inbox with this name.');
      if (outcome === 'full') {
        throw problemError('conflict', `An organization may have ${MAX_INBOXES_PER_ORGANIZATION} inboxes at most.`);
      }
      return reply.code(201).send(inboxView(inbox));
    },
  );

  app.get('/api/inboxes', async (request) => {
    const all = await inboxes.all(request.caller.organization.id);
    return { data: all.map(inboxView), next_cursor: null };
  });

  app.get<{ Params: { name: string } }>('/api/inboxes/:name', async (request) => {
    const inbox = await inboxes.get(request.caller.organization.id, request.params.name);
    if (inbox === undefined) throw new ProblemError(NOT_FOUND);
    return inboxView(inbox);
  });

  app.patch<{ Params: { name: string }; Body: Changes }>(
    '/api/inboxes/:name',
    { schema: { body: changesSchema } },
    async (request) => {
      const { event_types, max_leases, paused } = request.body;
      checkPatterns(event_types ?? []);
      const inbox = await inboxes.update(request.caller.organization.id, request.params.name, {
        ...(event_types === undefined ? {} : { eventTypes: event_types }),
        ...(max_leases === undefined ? {} : { maxLeases: max_leases }),
        ...(paused === undefined ? {} : { paused }),
      });
      if (inbox === undefined) throw new ProblemError(NOT_FOUND);
      return inboxView(inbox);
    },
  );

  app.delete<{ Params: { name: string } }>('/api/inboxes/:name', async (request, reply) => {
    const { name } = request.params;
    if (name === DEFAULT_INBOX) throw problemError('conflict', 'Every organization has the inbox default.');
    if (!(await inboxes.remove(request.caller.organization.id, name))) throw new ProblemError(NOT_FOUND);
    return reply.code(204).send();
  });
}

function inboxView(inbox: Inbox) {
  return {
    id: inbox.id,
    name: inbox.name,
    event_types: inbox.eventTypes,
    max_leases: inbox.maxLeases,
    paused: inbox.paused,
    created_at: toIso(inbox.createdAt),
  };
}

function checkPatterns(patterns: readonly string[]): void {
  const wrong = patterns.findIndex((pattern) => !isEventTypePattern(pattern));
  if (wrong >= 0) throw invalidField(`event_types.${wrong}`, 'must be an event type or a pattern of one');
}
