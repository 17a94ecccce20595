import type { FastifyInstance } from 'fastify';
import type { EndpointId } from '../../../core/ids.ts';
import type { ApiParts } from '../../context.ts';
import { NOT_FOUND, ProblemError } from '../../http/answers/index.ts';
import { ENDPOINT_PIECE_ROWS, ListPage, PAGE_QUERY, readPage, TIME_QUERY } from '../../http/lists/index.ts';
import { EndpointAdmin } from './endpoint-admin.ts';
import { type EndpointChanges, endpointChangesSchema, type NewEndpoint, newEndpointSchema } from './endpoint-schema.ts';
import { endpointView } from './endpoint-view.ts';

const EndpointQuery = { type: 'object', properties: { ...PAGE_QUERY, ...TIME_QUERY } } as const;

export function endpointRoutes(app: FastifyInstance, parts: ApiParts): void {
  const admin = new EndpointAdmin(parts);
  const { endpoints } = parts.engine.store;

  app.post<{ Body: NewEndpoint }>('/api/endpoints', { schema: { body: newEndpointSchema } }, async (request, reply) => {
    const endpoint = await admin.create(request.caller, request.body, { isDefault: false });
    return reply.code(201).send({ ...endpointView(endpoint), secret: endpoint.secret });
  });

  app.get<{ Querystring: Record<string, never> }>(
    '/api/endpoints',
    { schema: { querystring: EndpointQuery } },
    async (request) => {
      const { id } = request.caller.organization;
      const page = new ListPage(id, 'endpoints', request.query, []);
      const { rows, nextCursor } = await readPage(parts.reads, id, page, {
        read: ({ limit, after }) => endpoints.list(id, { ...page.request, limit, after }),
        idOf: (endpoint) => endpoint.id,
        // Filter, headers and certificates of one endpoint can be 60 KB.
        dataOf: (endpoint) => ({ data: JSON.stringify(endpointView(endpoint)) }),
        pieceRows: ENDPOINT_PIECE_ROWS,
      });
      return { data: rows.map(endpointView), next_cursor: nextCursor };
    },
  );

  app.get<{ Params: { id: EndpointId } }>('/api/endpoints/:id', async (request) =>
    endpointView(await find(request.caller.organization.id, request.params.id)),
  );

  app.patch<{ Params: { id: EndpointId }; Body: EndpointChanges }>(
    '/api/endpoints/:id',
    { schema: { body: endpointChangesSchema } },
    async (request) => endpointView(await admin.change(request.caller, request.params.id, request.body)),
  );

  app.delete<{ Params: { id: EndpointId } }>('/api/endpoints/:id', async (request, reply) => {
    await admin.remove(request.caller, request.params.id);
    return reply.code(204).send();
  });

  async function find(...[organizationId, id]: Parameters<typeof endpoints.get>) {
    const endpoint = await endpoints.get(organizationId, id);
    if (endpoint === undefined) throw new ProblemError(NOT_FOUND);
    return endpoint;
  }
}
