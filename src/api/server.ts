import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { HEADERS_TIMEOUT_MS, KEEP_ALIVE_MS, MAX_HEADER_BYTES, SILENT_CONNECTION_MS } from '../core/limits.ts';
import { addScopes, recordChanges, requireApiKey, requireLoopback } from './access/index.ts';
import type { ApiParts } from './context.ts';
import { openFastPath } from './fast-path/index.ts';
import {
  createErrorHandler,
  createValidatorCompiler,
  logRequests,
  lowerPathIds,
  refuseUnknownRoutes,
  requestIdOf,
  setAnswerHeaders,
} from './http/answers/index.ts';
import { ADMIN_BODY, acceptEmptyBodies, BodyReader } from './http/bodies/index.ts';
import { Answers, RequestBodies } from './http/budgets/index.ts';
import { answerBrokenConnections, enforceConnectionRules } from './http/connections/index.ts';
import { askKeysFirst, trackConnections } from './http/sockets/index.ts';
import { answerRepeatedRequests } from './idempotency/index.ts';
import { RouteBook } from './openapi/index.ts';
import { deliveryRoutes, jobRoutes, redeliveryRoutes } from './resources/deliveries/index.ts';
import {
  endpointRoutes,
  endpointSecretRoutes,
  endpointStatsRoute,
  subscriptionRoutes,
  webhookConfigRoutes,
} from './resources/endpoints/index.ts';
import {
  eventBatchRoutes,
  eventErasureRoutes,
  eventExportRoute,
  eventRoutes,
  eventTypeRoutes,
} from './resources/events/index.ts';
import { inboxAdminRoutes, inboxRoutes, triggerInboxRoutes } from './resources/inboxes/index.ts';
import { streamRoutes } from './resources/live/index.ts';
import { dashboardRoutes, documentRoutes, healthRoutes, metricsRoute } from './resources/operations/index.ts';
import {
  auditRoutes,
  generateKeyRoute,
  keyRoutes,
  meRoutes,
  organizationRoutes,
} from './resources/organizations/index.ts';
import { tracingRoutes } from './resources/traces/index.ts';

/** Creates the HTTP server with all routes. It does not listen yet. */
export async function createServer(parts: ApiParts): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // A server-wide timeout would cut long uploads. Each body has its own deadline.
    requestTimeout: 0,
    connectionTimeout: SILENT_CONNECTION_MS,
    routerOptions: { maxParamLength: 4_096, ignoreTrailingSlash: true },
    return503OnClosing: false,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: MAX_HEADER_BYTES,
      // connection-rules.ts checks the header: Node would answer without a body and then run the requests pipelined behind.
      requireHostHeader: false,
    },
    genReqId: requestIdOf,
    frameworkErrors: createErrorHandler(parts.log),
  });

  openFastPath(app, parts);
  trackConnections(app);
  answerBrokenConnections(app);
  askKeysFirst(app);
  app.setValidatorCompiler(createValidatorCompiler());
  app.setErrorHandler(createErrorHandler(parts.log));

  app.decorateRequest('caller');
  app.decorateRequest('auditAction');
  app.addHook('onRequest', enforceConnectionRules);
  if (parts.loopbackOnly) app.addHook('onRequest', requireLoopback);
  const known = refuseUnknownRoutes(app);
  app.addHook('onRequest', lowerPathIds);
  acceptEmptyBodies(app);
  answerRepeatedRequests(app, parts);
  app.addHook('onSend', (request, reply, payload, done) => {
    setAnswerHeaders(request, reply);
    if (parts.phase() === 'stopping') reply.header('connection', 'close');
    done(null, payload);
  });
  const answers = new Answers();
  answers.listen(app);
  logRequests(app, parts);

  app.removeAllContentTypeParsers();
  const budget = new RequestBodies();
  budget.listen(app);
  const bodies = new BodyReader({ clock: parts.clock, bodies: budget });
  app.addHook('onClose', async () => bodies.close());
  // The exact type is listed too, because Fastify finds it without parsing the header.
  app.addContentTypeParser(['application/json', '*'], (request: FastifyRequest) =>
    bodies.read(request.raw, request.routeOptions.config.body ?? ADMIN_BODY),
  );

  const book = new RouteBook();
  book.listen(app);
  healthRoutes(app, parts);
  metricsRoute(app, parts.metricsPage);
  await app.register((admin, _options, done) => {
    recordChanges(admin, parts);
    generateKeyRoute(admin, parts);
    admin.register(async (organizations) => organizationRoutes(organizations, parts));
    done();
  });
  await app.register((tenant, _options, done) => {
    addScopes(tenant);
    recordChanges(tenant, parts);
    tenant.addHook('onRequest', requireApiKey(parts));
    keyRoutes(tenant, parts);
    eventRoutes(tenant, parts);
    eventBatchRoutes(tenant, parts, budget);
    eventExportRoute(tenant, parts);
    eventErasureRoutes(tenant, parts);
    eventTypeRoutes(tenant, parts);
    webhookConfigRoutes(tenant, parts);
    endpointRoutes(tenant, parts);
    endpointSecretRoutes(tenant, parts);
    endpointStatsRoute(tenant, parts);
    deliveryRoutes(tenant, parts);
    redeliveryRoutes(tenant, parts);
    jobRoutes(tenant, parts);
    subscriptionRoutes(tenant, parts);
    tracingRoutes(tenant, parts);
    inboxRoutes(tenant, parts, answers);
    inboxAdminRoutes(tenant, parts);
    triggerInboxRoutes(tenant, parts, answers);
    meRoutes(tenant, parts);
    auditRoutes(tenant, parts);
    streamRoutes(tenant, parts);
    done();
  });
  book.close();
  if (book.undescribed.length > 0) throw new Error(`Not in api/openapi/operations.ts: ${book.undescribed.join(', ')}`);
  documentRoutes(app, book, parts.version);
  dashboardRoutes(app, parts);
  known.close();
  return app;
}
