import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { DELIVERY_STATUSES } from '../../../core/delivery/delivery.ts';
import type { ReplayParameters } from '../../../core/delivery/job.ts';
import { isEventTypePattern } from '../../../core/events/event-type.ts';
import type { EventFilter } from '../../../core/filter/filter.ts';
import { canonicalId, type DeliveryId, type EndpointId, type EventId } from '../../../core/ids.ts';
import { MAX_REPLAY_ENDPOINTS, MAX_TYPE_LENGTH } from '../../../core/limits.ts';
import { invalidRequest } from '../../../core/problem.ts';
import type { StartedJob } from '../../../pipeline/redelivery/index.ts';
import { refuseOwnWebhooks, takeToken } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { invalidField, NOT_FOUND, ProblemError, problemError } from '../../http/answers/index.ts';
import { readLong, readTime, readTimeRange, sortIds } from '../../http/lists/index.ts';
import { filterErrors } from '../endpoints/index.ts';
import { deliveryView, jobView } from '../views/index.ts';

/** Statuses that a bulk retry accepts. The first three have ended without success; deliveries in the others are sent now. */
const RETRYABLE = ['failed', 'skipped', 'canceled', 'retrying', 'pending'] as const;

const endpointIds = { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MAX_REPLAY_ENDPOINTS } as const;
const timeRange = { from: { type: 'string' }, to: { type: 'string' } } as const;

const bulkRetrySchema = {
  type: 'object',
  properties: {
    status: { enum: RETRYABLE },
    endpoint_id: { type: 'string' },
    type: { type: 'string', maxLength: MAX_TYPE_LENGTH },
    ...timeRange,
  },
  required: ['status'],
  additionalProperties: false,
} as const;

const recoverSchema = {
  type: 'object',
  properties: { since: { type: 'string' } },
  required: ['since'],
  additionalProperties: false,
} as const;

const replaySchema = {
  type: 'object',
  properties: { endpoint_ids: endpointIds },
  additionalProperties: false,
} as const;

const bulkReplaySchema = {
  type: 'object',
  properties: {
    endpoint_ids: endpointIds,
    type: { type: 'string', maxLength: MAX_TYPE_LENGTH },
    status: { enum: DELIVERY_STATUSES },
    filter: { type: ['object', 'null'] },
    ...timeRange,
    dry_run: { type: 'boolean' },
  },
  required: ['endpoint_ids'],
  additionalProperties: false,
} as const;

/**
 * Routes that retry, cancel, recover and replay. Each request costs a token of the rate limit, as an event does; bulk work pays
 * for its deliveries as it proceeds.
 */
export function redeliveryRoutes(tenant: FastifyInstance, parts: ApiParts): void {
  tenant.register(async (app) => {
    app.addHook('onRequest', refuseOwnWebhooks);
    addRoutes(app, parts);
  });
}

function addRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { engine, redeliveryService, reads } = parts;

  app.post<{ Params: { id: DeliveryId } }>('/api/deliveries/:id/retry', async (request, reply) => {
    await takeToken(parts, request, reply);
    const outcome = await redeliveryService.retry(request.caller.organization.id, request.params.id);
    if (outcome === 'not_found') throw new ProblemError(NOT_FOUND);
    if (outcome === 'unreachable')
      throw problemError('conflict', 'The endpoint of the delivery is deleted or disabled.');
    return reply.code(202).send({ deliveries: 1 });
  });

  app.post<{ Params: { id: DeliveryId } }>('/api/deliveries/:id/cancel', async (request) => {
    const { id: organizationId } = request.caller.organization;
    const outcome = await redeliveryService.cancel(organizationId, request.params.id);
    if (outcome === 'final') throw problemError('conflict', 'The delivery has ended: there is nothing to cancel.');
    const delivery =
      outcome === undefined ? undefined : await engine.store.deliveries.get(organizationId, request.params.id);
    if (delivery === undefined) throw new ProblemError(NOT_FOUND);
    return deliveryView(delivery);
  });

  app.post<{ Body: FromSchema<typeof bulkRetrySchema> }>(
    '/api/deliveries/retry',
    { schema: { body: bulkRetrySchema } },
    async (request, reply) => {
      await takeToken(parts, request, reply);
      const { status, endpoint_id, type } = request.body;
      const { id: organizationId } = request.caller.organization;
      const parameters = {
        statuses: [status],
        endpointId: endpoint_id === undefined ? null : canonicalId<EndpointId>(endpoint_id),
        type: readPattern(type),
        ...readTimeRange(request.body),
      };
      const started = await readLong(reads, organizationId, () =>
        redeliveryService.startRetry(organizationId, parameters),
      );
      return reply.code(202).send(startedView(started));
    },
  );

  app.post<{ Params: { id: EndpointId }; Body: FromSchema<typeof recoverSchema> }>(
    '/api/endpoints/:id/recover',
    { schema: { body: recoverSchema } },
    async (request, reply) => {
      await takeToken(parts, request, reply);
      const { id: organizationId } = request.caller.organization;
      const from = readTime('since', request.body.since);
      const endpoint = await engine.store.endpoints.get(organizationId, request.params.id);
      if (endpoint === undefined) throw new ProblemError(NOT_FOUND);
      if (endpoint.status === 'disabled') {
        throw problemError('conflict', 'The endpoint is disabled: enable it first, with PATCH {"enabled":true}.');
      }
      const statuses = ['failed', 'skipped'] as const;
      const parameters = { statuses, endpointId: endpoint.id, type: null, from, to: null };
      const started = await readLong(reads, organizationId, () =>
        redeliveryService.startRetry(organizationId, parameters),
      );
      return reply.code(202).send(startedView(started));
    },
  );

  app.post<{ Params: { id: EventId }; Body: FromSchema<typeof replaySchema> }>(
    '/api/events/:id/replay',
    { schema: { body: replaySchema } },
    async (request, reply) => {
      await takeToken(parts, request, reply);
      const named = sortIds<EndpointId>(request.body.endpoint_ids ?? []);
      const wanted = request.body.endpoint_ids === undefined ? null : [...named.ids, ...named.strange];
      const replayed = await redeliveryService.replay(request.caller.organization.id, request.params.id, wanted);
      // If all endpoints belong to another organization, the answer is the same as for an unknown event.
      if (replayed === undefined || (wanted !== null && replayed.notFound.length === wanted.length)) {
        throw new ProblemError(NOT_FOUND);
      }
      return reply.code(202).send({ deliveries: replayed.deliveries, not_found: named.asSent(replayed.notFound) });
    },
  );

  app.post<{ Body: FromSchema<typeof bulkReplaySchema> }>(
    '/api/events/replay',
    { schema: { body: bulkReplaySchema } },
    async (request, reply) => {
      const { id: organizationId } = request.caller.organization;
      const { endpoint_ids, type, status, dry_run } = request.body;
      if (dry_run !== true) await takeToken(parts, request, reply);
      const parameters: ReplayParameters = {
        endpointIds: [...new Set(endpoint_ids.map(canonicalId<EndpointId>))],
        type: readPattern(type),
        filter: readFilter(request.body.filter),
        status: status ?? null,
        ...readTimeRange(request.body),
      };
      const unreachable = await redeliveryService.unreachable(organizationId, parameters.endpointIds);
      if (unreachable.length > 0) {
        throw problemError('not_found', `No enabled endpoint has the id ${unreachable.join(', ')}.`);
      }
      if (dry_run === true) {
        const counted = await readLong(reads, organizationId, () =>
          redeliveryService.countReplay(organizationId, parameters),
        );
        const { events, deliveries, isMore } = counted;
        return { events, deliveries, more: isMore };
      }
      const started = await readLong(reads, organizationId, () =>
        redeliveryService.startReplay(organizationId, parameters),
      );
      return reply.code(202).send(startedView(started));
    },
  );
}

function startedView({ job, count, isMore }: StartedJob) {
  return { deliveries: count, more: isMore, job_id: job.id, job: jobView(job) };
}

function readPattern(type: string | undefined): string | null {
  if (type === undefined) return null;
  if (!isEventTypePattern(type)) {
    throw invalidField('type', 'must be an event type or a pattern: * or ** may replace a segment');
  }
  return type;
}

function readFilter(filter: unknown): EventFilter | null {
  if (filter === undefined || filter === null) return null;
  const errors = filterErrors(filter);
  if (errors.length > 0) throw new ProblemError(invalidRequest(errors));
  return filter as EventFilter;
}
