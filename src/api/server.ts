import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { HEADERS_TIMEOUT_MS, KEEP_ALIVE_MS, MAX_HEADER_BYTES, SILENT_CONNECTION_MS } from '../core/limits.ts';
import { recordChanges } from './audit.ts';
import { requireApiKey, requireLoopback } from './auth.ts';
import { ADMIN_BODY, BodyReader } from './body.ts';
import { Answers } from './budgets/answers.ts';
import { RequestBodies } from './budgets/request-bodies.ts';
import { answerBrokenConnections } from './connections/broken-connections.ts';
import { keepConnectionRules } from './connections/connection-rules.ts';
import { askKeysFirst } from './connections/continue.ts';
import { trackConnections } from './connections/drain.ts';
import { openFastPath } from './connections/fast-path/fast-path.ts';
import type { ApiParts } from './context.ts';
import { acceptEmptyBodies } from './empty-bodies.ts';
import { answerRepeatedRequests } from './idempotency/repeatable.ts';
import { refuseUnknownRoutes } from './methods.ts';
import { RouteBook } from './openapi/document.ts';
import { lowerPathIds } from './path-ids.ts';
import { createErrorHandler } from './problems.ts';
import { logRequests } from './request-log.ts';
import { auditRoutes } from './resources/audit.ts';
import { dashboardRoutes } from './resources/dashboard.ts';
import { deliveryRoutes } from './resources/deliveries.ts';
import { documentRoutes } from './resources/documents.ts';
import { endpointSecretRoutes } from './resources/endpoint-secrets.ts';
import { endpointStatsRoute } from './resources/endpoint-stats.ts';
import { endpointRoutes } from './resources/endpoints.ts';
import { eventBatchRoutes } from './resources/event-batches.ts';
import { eventErasureRoutes } from './resources/event-erasure.ts';
import { eventExportRoute } from './resources/event-export.ts';
import { eventTypeRoutes } from './resources/event-types.ts';
import { eventRoutes } from './resources/events.ts';
import { generateKeyRoute } from './resources/generate-key.ts';
import { healthRoutes } from './resources/health.ts';
import { inboxRoutes } from './resources/inbox.ts';
import { inboxAdminRoutes } from './resources/inboxes.ts';
import { jobRoutes } from './resources/jobs.ts';
import { keyRoutes } from './resources/keys.ts';
import { meRoutes } from './resources/me.ts';
import { metricsRoute } from './resources/metrics.ts';
import { organizationRoutes } from './resources/organizations.ts';
import { redeliveryRoutes } from './resources/redelivery.ts';
import { streamRoutes } from './resources/stream.ts';
import { subscriptionRoutes } from './resources/subscriptions.ts';
import { tracingRoutes } from './resources/tracing.ts';
import { triggerInboxRoutes } from './resources/trigger-inbox.ts';
import { webhookConfigRoutes } from './resources/webhook-config.ts';
import { nameScopes } from './scopes.ts';
import { requestIdOf, stampAnswer } from './stamp.ts';
import { createValidatorCompiler } from './validation.ts';

/** The HTTP front: not listening yet. */
export async function createServer(parts: ApiParts): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Server-wide, it would cut long uploads; each body has a deadline of its own.
    requestTimeout: 0,
    connectionTimeout: SILENT_CONNECTION_MS,
    routerOptions: { maxParamLength: 4_096, ignoreTrailingSlash: true },
    return503OnClosing: false,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: MAX_HEADER_BYTES,
      // We look at it ourselves: Node answers without a body and goes on with what is pipelined behind.
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
  app.addHook('onRequest', keepConnectionRules);
  if (parts.loopbackOnly) app.addHook('onRequest', requireLoopback);
  const known = refuseUnknownRoutes(app);
  app.addHook('onRequest', lowerPathIds);
  acceptEmptyBodies(app);
  answerRepeatedRequests(app, parts);
  app.addHook('onSend', (request, reply, payload, done) => {
    stampAnswer(request, reply);
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
  // The exact type as well: Fastify finds that one without taking the header apart.
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
    nameScopes(tenant);
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
