import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { isEventTypePattern } from '../../core/event-type.ts';
import { type EventFilter, FilteredEvent } from '../../core/filter/filter.ts';
import type { EndpointId, EventId } from '../../core/ids.ts';
import { MAX_EVENT_TYPE_PATTERNS, MAX_TYPE_LENGTH } from '../../core/limits.ts';
import { invalidRequest } from '../../core/problem.ts';
import { toIso } from '../../core/time.ts';
import { traceEvent, whyNotWanted } from '../../pipeline/trace.ts';
import { Turns } from '../../pipeline/turns.ts';
import type { ApiParts } from '../context.ts';
import { filterErrors } from '../endpoint-options.ts';
import { invalidField, NOT_FOUND, ProblemError } from '../problems.ts';
import { mayManage } from '../scopes.ts';
import { traceView } from '../views.ts';

/** How many of the last events a preview looks at, and how many it reads at once: each may have 256 KiB. */
const PREVIEW_EVENTS = 100;
const PREVIEW_PIECE = 25;

const previewSchema = {
  type: 'object',
  properties: {
    filter: { type: ['object', 'null'] },
    event_types: {
      type: 'array',
      items: { type: 'string', maxLength: MAX_TYPE_LENGTH },
      maxItems: MAX_EVENT_TYPE_PATTERNS,
    },
  },
  additionalProperties: false,
} as const;
type Preview = FromSchema<typeof previewSchema>;

/** Where an event went, and where events would go. */
export function tracingRoutes(app: FastifyInstance, { engine, events }: ApiParts): void {
  app.get<{ Params: { id: EventId } }>('/api/events/:id/trace', async (request) => {
    const event = await events.get(request.caller.organization.id, request.params.id);
    if (event === undefined) throw new ProblemError(NOT_FOUND);
    return traceView(event, await traceEvent(engine.store, event), mayManage(request.caller));
  });

  app.post<{ Params: { id: EndpointId }; Body: Preview }>(
    '/api/endpoints/:id/match-preview',
    { schema: { body: previewSchema } },
    async (request) => {
      const { id: organizationId } = request.caller.organization;
      const endpoint = await engine.store.endpoints.get(organizationId, request.params.id);
      if (endpoint === undefined) throw new ProblemError(NOT_FOUND);
      checkPreview(request.body);
      const { event_types, filter } = request.body;
      const wishes = {
        eventTypes: event_types ?? endpoint.eventTypes,
        filter: filter === undefined ? endpoint.options.filter : (filter as EventFilter | null),
      };
      const turns = new Turns();
      const data = [];
      let after: EventId | null = null;
      for (let looked = 0; looked < PREVIEW_EVENTS; looked += PREVIEW_PIECE) {
        const page = { limit: PREVIEW_PIECE, after, from: null, to: null, type: null };
        const piece: Awaited<ReturnType<typeof engine.store.events.list>> = await engine.store.events.list(
          organizationId,
          page,
        );
        for (const event of piece) {
          const filtered = new FilteredEvent(event);
          const reason = whyNotWanted(wishes, event, filtered);
          const { id, type, createdAt } = event;
          data.push({ id, type, created_at: toIso(createdAt), matched: reason === null, reason });
          if (turns.isOver(filtered.steps)) await turns.next();
        }
        after = piece.at(-1)?.id ?? null;
        if (piece.length < PREVIEW_PIECE) break;
      }
      return { events: data.length, matched: data.filter(({ matched }) => matched).length, data };
    },
  );
}

function checkPreview({ filter, event_types = [] }: Preview): void {
  if (filter !== undefined && filter !== null) {
    const errors = filterErrors(filter);
    if (errors.length > 0) throw new ProblemError(invalidRequest(errors));
  }
  for (const [at, pattern] of event_types.entries()) {
    if (!isEventTypePattern(pattern))
      throw invalidField(`event_types.${at}`, 'must be an event type or a pattern of one');
  }
}
