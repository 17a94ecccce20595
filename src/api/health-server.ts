import Fastify, { type FastifyInstance } from 'fastify';
import { Reads } from '../pipeline/reads.ts';
import type { Engine } from '../ports/engine.ts';
import { trackConnections } from './connections/drain.ts';
import { Readers } from './connections/reading/readers.ts';
import type { ApiParts, ServicePhase } from './context.ts';
import { refuseUnknownRoutes } from './methods.ts';
import { publicHealthRoutes } from './resources/health.ts';
import { metricsRoute } from './resources/metrics.ts';
import { requestIdOf, stampAnswer } from './stamp.ts';

/** The HTTP front of a process without an API (`HEALTH_PORT`): health and metrics alone, for whoever watches it. */
export function createHealthServer(parts: {
  engine: Engine;
  version: string;
  phase: () => ServicePhase;
  stalled: ApiParts['stalled'];
  metricsPage: ApiParts['metricsPage'];
}): FastifyInstance {
  const app = Fastify({ logger: false, genReqId: requestIdOf, routerOptions: { ignoreTrailingSlash: true } });
  trackConnections(app);
  const readers = new Readers(app.server, { clock: parts.engine.clock, reads: new Reads(parts.engine.clock) });
  app.server.on('connection', (socket) => readers.read(socket));
  const known = refuseUnknownRoutes(app);
  app.addHook('onSend', (request, reply, payload, done) => {
    stampAnswer(request, reply);
    done(null, payload);
  });
  publicHealthRoutes(app, parts);
  metricsRoute(app, parts.metricsPage);
  known.close();
  return app;
}
