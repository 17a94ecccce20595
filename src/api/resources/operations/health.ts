import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { toIso } from '../../../core/time.ts';
import { stallReason } from '../../../pipeline/pacing/index.ts';
import type { Engine, EngineHealth } from '../../../ports/engine.ts';
import { type Identity, identify, missingKey, refuseNobody } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { ownQuarantine, ownQueue } from './own-queue.ts';

type HealthParts = Pick<ApiParts, 'engine' | 'version' | 'phase' | 'stalled'>;

/** Health routes. Liveness: the event loop runs. Readiness: the process can do its work, and makes progress. */
export function publicHealthRoutes(app: FastifyInstance, parts: HealthParts): void {
  const { engine, version, phase } = parts;
  app.get('/health', async () => {
    const { status } = healthOf(parts);
    return { status: status === 'ok' ? 'ok' : 'degraded', version, engine: engine.name };
  });

  app.get('/health/live', async () => ({ status: 'ok' }));

  app.get('/health/ready', async (_request, reply) => {
    const ready = phase() === 'ready' && healthOf(parts).status !== 'failed';
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable' });
  });
}

/** A process that has work and room for it, and makes no progress, is as unhealthy as one without its database. */
function healthOf({ engine, stalled }: HealthParts): EngineHealth {
  const health = engine.health();
  if (health.status === 'failed') return health;
  const reason = stallReason(stalled());
  return reason === null ? health : { status: 'failed', reason };
}

export function healthRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { engine, version, clock } = parts;
  publicHealthRoutes(app, parts);

  const identities = new WeakMap<object, Identity>();
  const identifyCaller = async (request: FastifyRequest, reply: FastifyReply) => {
    const identity = await identify(parts, request);
    // In development the administrator needs no token, but this route then requires a key.
    const problem = identity.kind === 'nobody' ? identity.problem : missingKey(request);
    if (problem !== undefined) return refuseNobody(request, reply, problem);
    identities.set(request, identity);
  };

  app.get('/health/detailed', { onRequest: identifyCaller }, async (request) => {
    const identity = identities.get(request);
    const isOpen = parts.adminToken === null && parts.loopbackOnly;
    const organizationId = identity?.kind === 'caller' ? identity.caller.organization.id : null;
    const owner = isOpen ? null : organizationId;
    const { status, reason } = healthOf(parts);
    const now = clock.now();
    const [{ waiting, oldestDueAt }, events, quarantined] = await Promise.all([
      owner === null ? engine.queue.depth() : ownQueue(engine, owner, now),
      owner === null ? eventCounts(engine) : null,
      organizationId === null ? null : ownQuarantine(engine, organizationId),
    ]);
    return {
      status,
      // The details name parts of the service, so only the administrator gets them.
      reason: owner === null ? reason : null,
      version,
      engine: engine.name,
      ...(events === null ? {} : { events }),
      deliveries: {
        waiting,
        oldest_due_at: oldestDueAt === null ? null : toIso(oldestDueAt),
        lag_seconds: oldestDueAt === null ? 0 : Math.max(0, (now - oldestDueAt) / 1_000),
      },
      inboxes: { quarantined },
    };
  });
}

/**
 * Counts of events that wait to be recorded, and of dead letters; null on the embedded engine, where accepting is recording.
 */
async function eventCounts({ worker }: Engine): Promise<{ waiting: number; dead: number } | null> {
  if (worker === null) return null;
  const [waiting, dead] = await Promise.all([worker.eventStream.length(), worker.deadLetters.count()]);
  return { waiting, dead };
}
