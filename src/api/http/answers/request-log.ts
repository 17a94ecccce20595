import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEMS } from '../../../core/problem.ts';
import type { ServicePhase } from '../../../core/service-phase.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { Log } from '../../../ports/observability/log.ts';
import type { Metrics } from '../../../ports/observability/metrics.ts';
import { isNdjsonType } from './media-types.ts';

/** The parts that the request log needs. */
interface LogParts {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly phase: () => ServicePhase;
}

const SLOW_MS = 100;
const VERY_SLOW_MS = 1_000;

/**
 * Logs one line for every request, in the format of the project's first document. The query is omitted, because it may contain
 * secrets.
 */
export function logRequests(
  app: FastifyInstance,
  { log, phase, metrics }: Pick<LogParts, 'log' | 'phase' | 'metrics'>,
): void {
  app.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    // Only the service's own warm-up sends requests at this point.
    if (phase() === 'starting') return done();
    const { url: route = 'unknown' } = request.routeOptions;
    recordRequest({ log, metrics }, route, { ...answeredOf(request, reply), mayWait: isToWait(request) });
    done();
  });
}

/** The fields of a request's log line. */
export interface AnsweredRequest {
  readonly method: string;
  /** With or without the query. */
  readonly url: string;
  readonly requestId: string;
  readonly status: number;
  readonly tookMs: Milliseconds;
  /** True for a request that may wait, such as a long poll: it is never logged as slow. */
  readonly mayWait: boolean;
}

/**
 * Records a request in log and metrics, whether Fastify or the fast path answered it.
 * @param route the pattern of the route
 */
export function recordRequest(
  { log, metrics }: Pick<LogParts, 'log' | 'metrics'>,
  route: string,
  request: AnsweredRequest,
): void {
  const { method, status, tookMs, mayWait, requestId } = request;
  const fields = { request_id: requestId };
  metrics.request(route, methodLabel(method, status), status, tookMs);
  if (status >= 400 && isRefusedEvent(route, method, status)) metrics.events('rejected', 1);
  if (tookMs > SLOW_MS && !mayWait) {
    const level = tookMs > VERY_SLOW_MS ? 'error' : 'warn';
    log.sampled('request.slow', level, () => `SLOW REQUEST: ${line(request)}`, fields);
  } else {
    log.sampled('request', 'info', () => line(request), fields);
  }
}

/** The same for an answer that was cut off, for which Fastify runs no hook. */
export function logCutAnswer({ log }: Pick<LogParts, 'log'>, request: FastifyRequest, reply: FastifyReply): void {
  const fields = { request_id: request.id };
  log.sampled('request', 'info', () => line(answeredOf(request, reply)), fields);
}

function answeredOf({ method, url, id }: FastifyRequest, reply: FastifyReply): Omit<AnsweredRequest, 'mayWait'> {
  return { method, url, requestId: id, status: reply.statusCode, tookMs: reply.elapsedTime };
}

function line({ method, url, status, tookMs }: Omit<AnsweredRequest, 'mayWait' | 'requestId'>): string {
  const path = url.split('?', 1)[0] ?? '';
  return `${method} ${path.slice(0, 200)} status=${status} duration=${tookMs.toFixed(2)}ms`;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * The method label of a metric. Methods without a route share one label: with the 35 methods that Node knows, strangers created
 * 2 MB of metrics.
 */
function methodLabel(method: string, status: number): string {
  return METHODS.has(method) && status !== PROBLEMS.method_not_allowed.status ? method : 'unknown';
}

/** Counts rejected single events. Events of batches are counted where they are read, and a 5xx is not a rejection. */
function isRefusedEvent(route: string, method: string, status: number): boolean {
  return route === '/api/events' && method === 'POST' && status < 500;
}

function isToWait({ routeOptions, headers }: FastifyRequest): boolean {
  // An upload takes as long as its client takes, so it is never logged as slow.
  if (isNdjsonType(headers['content-type'])) return true;
  return routeOptions.url === '/api/inbox/lease' || routeOptions.url === '/api/stream';
}
