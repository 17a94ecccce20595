import type { FastifyInstance } from 'fastify';
import { DELIVERY_STATUSES, type DeliveryStatus } from '../../core/delivery.ts';
import type { EndpointId } from '../../core/ids.ts';
import { toIso } from '../../core/time.ts';
import type { ApiParts } from '../context.ts';
import { NOT_FOUND, ProblemError } from '../problems.ts';

/** How many of the last deliveries are looked at. */
const LOOKED_AT = 500;

/** How an endpoint does, judged by its last deliveries. */
export function endpointStatsRoute(app: FastifyInstance, { engine }: ApiParts): void {
  app.get<{ Params: { id: EndpointId } }>('/api/endpoints/:id/stats', async (request) => {
    const { id: organizationId } = request.caller.organization;
    const endpoint = await engine.store.endpoints.get(organizationId, request.params.id);
    if (endpoint === undefined) throw new ProblemError(NOT_FOUND);
    const last = await engine.store.deliveries.list(organizationId, {
      endpointId: endpoint.id,
      status: null,
      eventId: null,
      type: null,
      limit: LOOKED_AT,
      after: null,
      from: null,
      to: null,
    });
    const count = (status: DeliveryStatus) => last.filter((delivery) => delivery.status === status).length;
    const [delivered, failed] = [count('delivered'), count('failed')];
    const unlucky = last.find(({ lastError }) => lastError !== null);
    return {
      status: endpoint.status,
      failing_since: endpoint.failingSince === null ? null : toIso(endpoint.failingSince),
      deliveries: last.length,
      by_status: Object.fromEntries(DELIVERY_STATUSES.map((status) => [status, count(status)])),
      success_rate: delivered + failed === 0 ? null : delivered / (delivered + failed),
      attempts: last.reduce((sum, { attempts }) => sum + attempts, 0),
      last_error: unlucky?.lastError ?? null,
      last_error_at: unlucky === undefined ? null : toIso(unlucky.updatedAt),
    };
  });
}
