import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEMS } from '../../../core/problem.ts';
import type { ServicePhase } from '../../../core/service-phase.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { Log } from '../../../ports/observability/log.ts';
import type { Metrics } from '../../../ports/observability/metrics.ts';
import { isNdjsonType } from './media-types.ts';

/** What the log of requests needs of the API's context. */
interface LogParts {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly phase: () => ServicePhase;
}

const SLOW_MS = 100;
const VERY_SLOW_MS = 1_000;

/** SEED.md's line for every request. The query is left out: it may hold what nobody should read. */
export function logRequests(
  app: FastifyInstance,
  { log, phase, metrics }: Pick<LogParts, 'log' | 'phase' | 'metrics'>,
): void {
  app.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    // Nobody but ourselves asks yet.
    if (phase() === 'starting') return done();
    const { url: route = 'unknown' } = request.routeOptions;
    noteRequest({ log, metrics }, route, { ...answeredOf(request, reply), mayWait: isToWait(request) });
    done();
  });
}

/** What a line tells of a request. */
export interface AnsweredRequest {
  readonly method: string;
  /** With its query or without. */
  readonly url: string;
  readonly requestId: string;
  readonly status: number;
  readonly tookMs: Milliseconds;
  /** To wait is what it was asked to do. */
  readonly mayWait: boolean;
}

/** Whichever way it was answered. @param route its pattern */
export function noteRequest(
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

/** For an answer that was cut off: Fastify calls no hook then. */
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
 * One of a few words, and on each route one for all methods that it does not have: with 35 that Node knows, strangers made
 * 2 MB of metrics.
 */
function methodLabel(method: string, status: number): string {
  return METHODS.has(method) && status !== PROBLEMS.method_not_allowed.status ? method : 'unknown';
}

/** Those in batches are counted where they are read; a 5xx is no fault of the event. */
function isRefusedEvent(route: string, method: string, status: number): boolean {
  return route === '/api/events' && method === 'POST' && status < 500;
}

function isToWait({ routeOptions, headers }: FastifyRequest): boolean {
  // An upload takes as long as its client sends.
  if (isNdjsonType(headers['content-type'])) return true;
  return routeOptions.url === '/api/inbox/lease' || routeOptions.url === '/api/stream';
}
