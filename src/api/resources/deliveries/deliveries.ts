import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { DELIVERY_STATUSES } from '../../../core/delivery/delivery.ts';
import { canonicalId, type DeliveryId, type EndpointId, type EventId } from '../../../core/ids.ts';
import type { ApiParts } from '../../context.ts';
import { NOT_FOUND, ProblemError } from '../../http/answers/index.ts';
import { DELIVERY_PIECE_ROWS, ListPage, PAGE_QUERY, readPage, TIME_QUERY } from '../../http/lists/index.ts';
import { attemptView, deliveryView } from '../views/index.ts';

const DeliveryQuery = {
  type: 'object',
  properties: {
    ...PAGE_QUERY,
    ...TIME_QUERY,
    status: { enum: DELIVERY_STATUSES },
    endpoint_id: { type: 'string' },
    event_id: { type: 'string' },
    type: { type: 'string' },
  },
} as const;
type DeliveryQuery = FromSchema<typeof DeliveryQuery>;

export function deliveryRoutes(app: FastifyInstance, { engine, reads }: ApiParts): void {
  app.get<{ Querystring: DeliveryQuery }>(
    '/api/deliveries',
    { schema: { querystring: DeliveryQuery } },
    async (request) => {
      const { id: organizationId } = request.caller.organization;
      const { status, type } = request.query;
      const endpoint_id = lower<EndpointId>(request.query.endpoint_id);
      const event_id = lower<EventId>(request.query.event_id);
      const page = new ListPage(organizationId, 'deliveries', request.query, [status, endpoint_id, event_id, type]);
      const wanted = {
        ...page.request,
        status: status ?? null,
        endpointId: endpoint_id ?? null,
        eventId: event_id ?? null,
        type: type ?? null,
      };
      const { rows, nextCursor } = await readPage(reads, organizationId, page, {
        read: ({ limit, after }) => engine.store.deliveries.list(organizationId, { ...wanted, limit, after }),
        idOf: (delivery) => delivery.id,
        dataOf: () => null,
        pieceRows: DELIVERY_PIECE_ROWS,
      });
      return { data: rows.map(deliveryView), next_cursor: nextCursor };
    },
  );

  app.get<{ Params: { id: DeliveryId } }>('/api/deliveries/:id', async (request) => {
    const { id: organizationId } = request.caller.organization;
    const delivery = await engine.store.deliveries.get(organizationId, request.params.id);
    if (delivery === undefined) throw new ProblemError(NOT_FOUND);
    const attempts = await engine.store.deliveries.attempts(organizationId, delivery.id);
    return { ...deliveryView(delivery), attempts: attempts.map(attemptView) };
  });
}

function lower<Id extends string>(id: string | undefined): Id | undefined {
  return id === undefined ? undefined : canonicalId<Id>(id);
}
