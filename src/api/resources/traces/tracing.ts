import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import type { AcceptedEvent } from '../../../core/events/event.ts';
import { isEventTypePattern } from '../../../core/events/event-type.ts';
import { type EventFilter, FilteredEvent } from '../../../core/filter/filter.ts';
import type { EndpointId, EventId, OrganizationId } from '../../../core/ids.ts';
import { MAX_EVENT_TYPE_PATTERNS, MAX_TYPE_LENGTH } from '../../../core/limits.ts';
import { invalidRequest } from '../../../core/problem.ts';
import { toIso } from '../../../core/time.ts';
import { traceEvent, whyNotWanted } from '../../../pipeline/history/index.ts';
import { LoopTurns } from '../../../pipeline/pacing/index.ts';
import { mayManage } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { invalidField, NOT_FOUND, ProblemError } from '../../http/answers/index.ts';
import { type Piece, readLong, readRows } from '../../http/lists/index.ts';
import { filterErrors } from '../endpoints/index.ts';
import { readDeliveriesOf } from '../events/index.ts';
import { traceView } from './trace-view.ts';

/** Number of recent events that a preview checks, and how many it reads at once: each can be 256 KiB. */
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

interface PreviewRow {
  readonly id: EventId;
  readonly type: string;
  readonly created_at: string;
  readonly matched: boolean;
  readonly reason: ReturnType<typeof whyNotWanted>;
}

/** Routes of traces and match previews. */
export function tracingRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { engine, events, reads } = parts;

  app.get<{ Params: { id: EventId } }>('/api/events/:id/trace', async (request) => {
    const event = await events.get(request.caller.organization.id, request.params.id);
    if (event === undefined) throw new ProblemError(NOT_FOUND);
    const { organizationId } = event;
    // Before the slot: it may need one of its own.
    const deliveries = await readDeliveriesOf(parts, organizationId, event.id);
    const trace = await readLong(reads, organizationId, () =>
      reads.piece(organizationId, () => traceEvent(engine.store, event, deliveries)),
    );
    return traceView(event, trace, mayManage(request.caller));
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
      const selection = {
        eventTypes: event_types ?? endpoint.eventTypes,
        filter: filter === undefined ? endpoint.options.filter : (filter as EventFilter | null),
      };
      const data = await readLong(reads, organizationId, () => preview(parts, organizationId, selection));
      return { events: data.length, matched: data.filter(({ matched }) => matched).length, data };
    },
  );
}

/** Checks which of the newest events an endpoint with these types and this filter would match. */
async function preview(
  { engine, reads }: Pick<ApiParts, 'engine' | 'reads'>,
  organizationId: OrganizationId,
  selection: Parameters<typeof whyNotWanted>[0],
): Promise<PreviewRow[]> {
  const turns = new LoopTurns();
  const reader = {
    read: (piece: Piece) => engine.store.events.list(organizationId, { from: null, to: null, type: null, ...piece }),
    idOf: ({ id }: AcceptedEvent) => id,
    dataOf: (event: AcceptedEvent) => event,
  };
  const rows: PreviewRow[] = [];
  for (let after: string | null = null, more = true; more && rows.length < PREVIEW_EVENTS; ) {
    const limit = Math.min(PREVIEW_PIECE, PREVIEW_EVENTS - rows.length);
    const piece: readonly AcceptedEvent[] = (await readRows(reads, organizationId, { limit, after }, reader)).rows;
    for (const event of piece) {
      const filtered = new FilteredEvent(event);
      const reason = whyNotWanted(selection, event, filtered);
      const { id, type, createdAt } = event;
      rows.push({ id, type, created_at: toIso(createdAt), matched: reason === null, reason });
      if (turns.isOver(filtered.steps)) await turns.next();
    }
    after = piece.at(-1)?.id ?? null;
    more = piece.length === limit;
  }
  return rows;
}

function checkPreview({ filter, event_types = [] }: Preview): void {
  if (filter !== undefined && filter !== null) {
    const errors = filterErrors(filter);
    if (errors.length > 0) throw new ProblemError(invalidRequest(errors));
  }
  for (const [at, pattern] of event_types.entries()) {
    if (!isEventTypePattern(pattern)) throw invalidField(`event_types.${at}`, 'must be an event type or a pattern');
  }
}
