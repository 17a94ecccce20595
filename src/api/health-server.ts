import Fastify, { type FastifyInstance } from 'fastify';
import type { Engine } from '../ports/engine.ts';
import type { ServicePhase } from './context.ts';
import { publicHealthRoutes } from './resources/health.ts';

/** The HTTP front of a process without an API (`HEALTH_PORT`): health alone, for whoever watches it. */
export function createHealthServer(parts: {
  engine: Engine;
  version: string;
  phase: () => ServicePhase;
}): FastifyInstance {
  const app = Fastify({ logger: false });
  publicHealthRoutes(app, parts);
  return app;
}
