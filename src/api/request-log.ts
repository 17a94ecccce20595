import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiParts } from './context.ts';
import { NDJSON } from './ndjson.ts';

const SLOW_MS = 100;
const VERY_SLOW_MS = 1_000;

/** SEED.md's line for every request. The query is left out: it may hold what nobody should read. */
export function logRequests(
  app: FastifyInstance,
  { log, phase, metrics }: Pick<ApiParts, 'log' | 'phase' | 'metrics'>,
): void {
  app.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    // Nobody but ourselves asks yet.
    if (phase() === 'starting') return done();
    const tookMs = reply.elapsedTime;
    const { url: route = 'unknown' } = request.routeOptions;
    metrics.request(route, request.method, reply.statusCode, tookMs);
    if (reply.statusCode >= 400 && isRefusedEvent(route, request.method, reply.statusCode))
      metrics.events('rejected', 1);
    if (tookMs > SLOW_MS && !isToWait(request)) {
      const level = tookMs > VERY_SLOW_MS ? 'error' : 'warn';
      log.sampled('request.slow', level, () => `SLOW REQUEST: ${line(request, reply, tookMs)}`);
    } else {
      log.sampled('request', 'info', () => line(request, reply, tookMs));
    }
    done();
  });
}

/** For an answer that was cut off: Fastify calls no hook then. */
export function logCutAnswer({ log }: Pick<ApiParts, 'log'>, request: FastifyRequest, reply: FastifyReply): void {
  log.sampled('request', 'info', () => line(request, reply, reply.elapsedTime));
}

function line(request: FastifyRequest, reply: FastifyReply, tookMs: number): string {
  const path = request.url.split('?', 1)[0] ?? '';
  return `${request.method} ${path.slice(0, 200)} status=${reply.statusCode} duration=${tookMs.toFixed(2)}ms`;
}

/** Those in batches are counted where they are read; a 5xx is no fault of the event. */
function isRefusedEvent(route: string, method: string, status: number): boolean {
  return route === '/api/events' && method === 'POST' && status < 500;
}

/** Waiting is what it was asked to do. */
function isToWait({ routeOptions, headers }: FastifyRequest): boolean {
  // An upload takes as long as its client sends.
  if (headers['content-type']?.startsWith(NDJSON) === true) return true;
  return routeOptions.url === '/api/inbox/lease' || routeOptions.url === '/api/stream';
}
