import Fastify, { type FastifyInstance } from 'fastify';
import type { ServicePhase } from '../core/service-phase.ts';
import { ReadSlots } from '../pipeline/pacing/index.ts';
import type { Engine } from '../ports/engine.ts';
import type { ApiParts } from './context.ts';
import { refuseUnknownRoutes, requestIdOf, setAnswerHeaders } from './http/answers/index.ts';
import { Readers } from './http/reading/index.ts';
import { trackConnections } from './http/sockets/index.ts';
import { metricsRoute, publicHealthRoutes } from './resources/operations/index.ts';

/** The HTTP server of a process without an API (`HEALTH_PORT`): health and metrics only. */
export function createHealthServer(parts: {
  engine: Engine;
  version: string;
  phase: () => ServicePhase;
  stalled: ApiParts['stalled'];
  metricsPage: ApiParts['metricsPage'];
}): FastifyInstance {
  const app = Fastify({ logger: false, genReqId: requestIdOf, routerOptions: { ignoreTrailingSlash: true } });
  trackConnections(app);
  const readers = new Readers(app.server, { clock: parts.engine.clock, reads: new ReadSlots(parts.engine.clock) });
  app.server.on('connection', (socket) => readers.read(socket));
  const known = refuseUnknownRoutes(app);
  app.addHook('onSend', (request, reply, payload, done) => {
    setAnswerHeaders(request, reply);
    done(null, payload);
  });
  publicHealthRoutes(app, parts);
  metricsRoute(app, parts.metricsPage);
  known.close();
  return app;
}
