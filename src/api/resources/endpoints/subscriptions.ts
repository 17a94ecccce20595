import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import type { Endpoint } from '../../../core/delivery/endpoint.ts';
import type { EndpointId } from '../../../core/ids.ts';
import { MAX_EVENT_TYPE_PATTERNS, MAX_TYPE_LENGTH, MAX_URL_LENGTH } from '../../../core/limits.ts';
import { toIso } from '../../../core/time.ts';
import type { ApiParts } from '../../context.ts';
import { invalidField, NOT_FOUND, ProblemError } from '../../http/answers/index.ts';
import { ENDPOINT_PIECE_ROWS, ListPage, PAGE_QUERY, readPage, TIME_QUERY } from '../../http/lists/index.ts';
import type { Wire } from '../views/index.ts';
import { EndpointAdmin } from './endpoint-admin.ts';

const newSubscriptionSchema = {
  type: 'object',
  properties: {
    target_url: { type: 'string', minLength: 1, maxLength: MAX_URL_LENGTH },
    event: { type: 'string', maxLength: MAX_TYPE_LENGTH },
    event_types: {
      type: 'array',
      items: { type: 'string', maxLength: MAX_TYPE_LENGTH },
      maxItems: MAX_EVENT_TYPE_PATTERNS,
    },
    secret: { type: ['string', 'null'] },
  },
  required: ['target_url'],
} as const;

const ListQuery = { type: 'object', properties: { ...PAGE_QUERY, ...TIME_QUERY } } as const;

/** REST hooks for Zapier, n8n and Make: an endpoint from the subscriber's point of view. Their other fields are ignored. */
export function subscriptionRoutes(app: FastifyInstance, parts: ApiParts): void {
  const admin = new EndpointAdmin(parts);
  const { endpoints } = parts.engine.store;

  app.post<{ Body: FromSchema<typeof newSubscriptionSchema> }>(
    '/api/subscriptions',
    { schema: { body: newSubscriptionSchema } },
    async (request, reply) => {
      const { target_url, event, event_types, secret = null } = request.body;
      if (event !== undefined && event_types !== undefined) {
        throw invalidField('event_types', 'has the same meaning as event: send only one of them');
      }
      const types = event_types ?? (event === undefined ? [] : [event]);
      const body = { url: target_url, event_types: types, secret };
      const endpoint = await admin.create(request.caller, body, { isDefault: false }).catch(asTheirs);
      return reply.code(201).send({ ...subscriptionView(endpoint), secret: endpoint.secret });
    },
  );

  app.get<{ Querystring: Record<string, never> }>(
    '/api/subscriptions',
    { schema: { querystring: ListQuery } },
    async (request) => {
      const { id } = request.caller.organization;
      const page = new ListPage(id, 'subscriptions', request.query, []);
      const { rows, nextCursor } = await readPage(parts.reads, id, page, {
        read: ({ limit, after }) => endpoints.list(id, { ...page.request, limit, after }),
        idOf: (endpoint) => endpoint.id,
        dataOf: () => null,
        pieceRows: ENDPOINT_PIECE_ROWS,
      });
      return { data: rows.map(subscriptionView), next_cursor: nextCursor };
    },
  );

  app.get<{ Params: { id: EndpointId } }>('/api/subscriptions/:id', async (request) => {
    const endpoint = await endpoints.get(request.caller.organization.id, request.params.id);
    if (endpoint === undefined) throw new ProblemError(NOT_FOUND);
    return subscriptionView(endpoint);
  });

  /** An unsubscription of an unknown id succeeds too, so that it may be repeated. */
  app.delete<{ Params: { id: EndpointId } }>('/api/subscriptions/:id', async (request, reply) => {
    await admin.remove(request.caller, request.params.id).catch((error: unknown) => {
      if (!(error instanceof ProblemError) || error.problem.code !== 'not_found') throw error;
    });
    return reply.code(204).send();
  });
}

function subscriptionView(endpoint: Endpoint): Wire.Subscription {
  return {
    id: endpoint.id,
    target_url: endpoint.url,
    event_types: endpoint.eventTypes,
    status: endpoint.status,
    created_at: toIso(endpoint.createdAt),
  };
}

/** Validation errors use the field names of the request. */
function asTheirs(error: unknown): never {
  if (!(error instanceof ProblemError) || error.problem.errors === undefined) throw error;
  const errors = error.problem.errors.map(({ path, message }) => ({
    path: path === 'url' ? 'target_url' : path,
    message,
  }));
  throw new ProblemError({ ...error.problem, errors });
}
