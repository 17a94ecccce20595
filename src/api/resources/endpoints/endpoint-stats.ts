import type { FastifyInstance } from 'fastify';
import {
  type AttemptSummary,
  DELIVERY_STATUSES,
  type Delivery,
  type DeliveryStatus,
} from '../../../core/delivery/delivery.ts';
import type { Endpoint } from '../../../core/delivery/endpoint.ts';
import type { EndpointId } from '../../../core/ids.ts';
import { BREAKER_FAILURES } from '../../../core/limits.ts';
import { toIso } from '../../../core/time.ts';
import type { ApiParts } from '../../context.ts';
import { NOT_FOUND, ProblemError } from '../../http/answers/index.ts';
import { DELIVERY_PIECE_ROWS, type Piece, readLong, readRows } from '../../http/lists/index.ts';
import type { Wire } from '../views/index.ts';

/** Number of recent deliveries that the statistics cover. */
const LOOKED_AT = 500;
/** Number of recent attempts in the answer. */
const RECENT = 100;
const LAST_ERRORS = 5;

/** The statistics of an endpoint, computed from its recent deliveries. */
export function endpointStatsRoute(app: FastifyInstance, { engine, reads }: ApiParts): void {
  app.get<{ Params: { id: EndpointId } }>('/api/endpoints/:id/stats', async (request): Promise<Wire.EndpointStats> => {
    const { id: organizationId } = request.caller.organization;
    const endpoint = await engine.store.endpoints.get(organizationId, request.params.id);
    if (endpoint === undefined) throw new ProblemError(NOT_FOUND);
    const { deliveries } = engine.store;
    const wanted = { endpointId: endpoint.id, status: null, eventId: null, type: null, from: null, to: null };
    const { last, attempts } = await readLong(reads, organizationId, async () => {
      const reader = {
        read: ({ limit, after }: Piece) => deliveries.list(organizationId, { ...wanted, limit, after }),
        idOf: ({ id }: Delivery) => id,
        dataOf: () => null,
        pieceRows: DELIVERY_PIECE_ROWS,
      };
      const { rows } = await readRows(reads, organizationId, { limit: LOOKED_AT, after: null }, reader);
      const made = await reads.piece(organizationId, () => deliveries.attemptsOf(rows));
      return { last: rows, attempts: made.sort((a, b) => endOf(a) - endOf(b)) };
    });
    const count = (status: DeliveryStatus) => last.filter((delivery) => delivery.status === status).length;
    const [delivered, failed] = [count('delivered'), count('failed')];
    const unlucky = last.find(({ lastError }) => lastError !== null);
    const failures = failuresInRow(attempts, endpoint);
    return {
      status: endpoint.status,
      failing_since: endpoint.failingSince === null ? null : toIso(endpoint.failingSince),
      last_fault:
        endpoint.lastFault === null ? null : { at: toIso(endpoint.lastFault.at), message: endpoint.lastFault.message },
      deliveries: last.length,
      by_status: Object.fromEntries(
        DELIVERY_STATUSES.map((status) => [status, count(status)]),
      ) as Wire.EndpointStats['by_status'],
      success_rate: delivered + failed === 0 ? null : delivered / (delivered + failed),
      attempts: last.reduce((sum, { attempts }) => sum + attempts, 0),
      last_error: unlucky?.lastError ?? null,
      last_error_detail: attempts.findLast(({ error }) => error !== null)?.errorDetail ?? null,
      last_error_at: unlucky === undefined ? null : toIso(unlucky.updatedAt),
      breaker: failures >= BREAKER_FAILURES ? 'open' : 'closed',
      failures_in_row: failures,
      latency: latency(attempts),
      recent_attempts: attempts.slice(-RECENT).map(view),
      last_errors: attempts
        .filter(({ error }) => error !== null)
        .slice(-LAST_ERRORS)
        .reverse()
        .map(view),
    };
  });
}

function endOf({ startedAt, durationMs }: AttemptSummary): number {
  return startedAt + durationMs;
}

/**
 * Failures in a row up to the last attempt, as the deliverer counts them: a success or a change of the endpoint resets the
 * count.
 * @param attempts ordered by their ends
 */
function failuresInRow(attempts: readonly AttemptSummary[], { updatedAt }: Endpoint): number {
  const since = attempts.filter(({ startedAt, error }) => startedAt >= updatedAt && error !== 'interrupted');
  return since.length - 1 - since.findLastIndex(({ error }) => error === null);
}

/** Latency of answered attempts; null if there are none. */
function latency(attempts: readonly AttemptSummary[]) {
  const ms = attempts
    .filter(({ statusCode }) => statusCode !== null)
    .map(({ durationMs }) => durationMs)
    .sort((a, b) => a - b);
  if (ms.length === 0) return null;
  const at = (share: number) => ms[Math.ceil(ms.length * share) - 1] ?? 0;
  return { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) };
}

function view(attempt: AttemptSummary): Wire.AttemptSummary {
  return {
    delivery_id: attempt.deliveryId,
    number: attempt.number,
    started_at: toIso(attempt.startedAt),
    duration_ms: attempt.durationMs,
    status_code: attempt.statusCode,
    error: attempt.error,
    error_detail: attempt.errorDetail,
  };
}
