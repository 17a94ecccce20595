import Fastify, { type FastifyInstance } from 'fastify';
import type { Engine } from '../ports/engine.ts';
import { trackConnections } from './connections/drain.ts';
import type { ApiParts, ServicePhase } from './context.ts';
import { publicHealthRoutes } from './resources/health.ts';
import { metricsRoute } from './resources/metrics.ts';

/** The HTTP front of a process without an API (`HEALTH_PORT`): health and metrics alone, for whoever watches it. */
export function createHealthServer(parts: {
  engine: Engine;
  version: string;
  phase: () => ServicePhase;
  stalled: ApiParts['stalled'];
  metricsPage: ApiParts['metricsPage'];
}): FastifyInstance {
  const app = Fastify({ logger: false });
  trackConnections(app);
  publicHealthRoutes(app, parts);
  metricsRoute(app, parts.metricsPage);
  return app;
}
