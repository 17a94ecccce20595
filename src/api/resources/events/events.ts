import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { readBinaryCloudEvent, readStructuredCloudEvent } from '../../../core/events/cloud-event.ts';
import { type EventRequest, readEventRequest } from '../../../core/events/event-request.ts';
import type { EventId } from '../../../core/ids.ts';
import { MAX_EVENT_BODY_BYTES } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import { originOf, takeToken } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { isStructuredCloudEvent, JSON_TYPE, NOT_FOUND, ProblemError } from '../../http/answers/index.ts';
import type { BodyRule } from '../../http/bodies/index.ts';
import { ListPage, PAGE_QUERY, readPage, TIME_QUERY } from '../../http/lists/index.ts';
import { idempotencyKey } from '../../idempotency/index.ts';
import { deliverySummary, eventJson, pageJson } from '../views/index.ts';
import { eventAnswer } from './event-answer.ts';
import { readDeliveriesOf } from './event-deliveries.ts';

const NO_BYTES = Buffer.alloc(0);
const EVENT_BODY: BodyRule = { maxBytes: MAX_EVENT_BODY_BYTES, raw: true, cloudEvents: true };

const EventQuery = {
  type: 'object',
  properties: { ...PAGE_QUERY, ...TIME_QUERY, type: { type: 'string' } },
} as const;
type EventQuery = FromSchema<typeof EventQuery>;

export function eventRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { engine, acceptor, clock, reads } = parts;

  app.post('/api/events', { config: { body: EVENT_BODY } }, async (request, reply) => {
    const waiting = takeToken(parts, request, reply);
    if (waiting !== undefined) await waiting;
    const read = readRequest(request, clock.now());
    if (read.kind === 'refused') throw new ProblemError(read.problem);
    const { status, body } = eventAnswer(await acceptor.accept(read.input, originOf(request)));
    return reply.code(status).header('content-type', JSON_TYPE).send(body);
  });

  app.get<{ Querystring: EventQuery }>(
    '/api/events',
    { schema: { querystring: EventQuery } },
    async (request, reply) => {
      const { id } = request.caller.organization;
      const page = new ListPage(id, 'events', request.query, [request.query.type]);
      const type = request.query.type ?? null;
      const { rows, nextCursor } = await readPage(reads, id, page, {
        read: (piece) => engine.store.events.list(id, { ...page.request, ...piece, type }),
        idOf: (event) => event.id,
        dataOf: (event) => event,
      });
      const printed = rows.map((event) => eventJson(event));
      return reply.type(JSON_TYPE).send(pageJson(printed, nextCursor));
    },
  );

  app.get<{ Params: { id: EventId } }>('/api/events/:id', async (request, reply) => {
    const { id: organizationId } = request.caller.organization;
    const event = await parts.events.get(organizationId, request.params.id);
    if (event === undefined) throw new ProblemError(NOT_FOUND);
    const deliveries = await readDeliveriesOf(parts, organizationId, event.id);
    const printed = JSON.stringify(deliveries.map(deliverySummary));
    return reply.type(JSON_TYPE).send(eventJson(event, `,"deliveries":${printed}`));
  });
}

/** Reads an event in the service's own form, or a CloudEvent in structured or binary mode. */
function readRequest(request: FastifyRequest, now: Timestamp): EventRequest {
  const { headers } = request;
  const { body = NO_BYTES } = request as { readonly body?: Buffer };
  if (headers['ce-specversion'] !== undefined) return readBinaryCloudEvent(headers, body);
  if (isStructuredCloudEvent(headers['content-type'])) return readStructuredCloudEvent(body);
  return readEventRequest(body, idempotencyKey(request), now);
}
