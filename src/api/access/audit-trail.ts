import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import type { AuditEntry } from '../../core/administration/audit.ts';
import type { AuditId, IdSource, OrganizationId } from '../../core/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/observability/log.ts';
import type { AuditStore } from '../../ports/store/audit-store.ts';
import type { ClientAddress } from './client-address.ts';

/**
 * Audit actions by route, for every route that changes something or shows a secret. Null = not audited: an organization's daily
 * work.
 */
const ACTIONS: Readonly<Record<string, string | null>> = {
  'POST /api/events': null,
  'POST /api/events/batch': null,
  'DELETE /api/events/:id': 'event.erased',
  'POST /api/events/erase': 'events.erased',
  'POST /api/events/:id/replay': 'event.replayed',
  'POST /api/events/replay': 'events.replayed',
  'POST /api/deliveries/retry': 'deliveries.retried',
  'POST /api/deliveries/:id/retry': 'delivery.retried',
  'POST /api/deliveries/:id/cancel': 'delivery.canceled',
  'POST /api/jobs/:id/cancel': 'job.canceled',
  'POST /api/endpoints': 'endpoint.created',
  'PATCH /api/endpoints/:id': 'endpoint.changed',
  'DELETE /api/endpoints/:id': 'endpoint.deleted',
  'GET /api/endpoints/:id/secret': 'endpoint.secret_shown',
  'POST /api/endpoints/:id/rotate-secret': 'endpoint.secret_rotated',
  'POST /api/endpoints/:id/test': 'endpoint.tested',
  'POST /api/endpoints/:id/match-preview': null,
  'POST /api/endpoints/:id/recover': 'endpoint.recovered',
  // The handler sets 'endpoint.changed' when the endpoint existed before.
  'POST /api/webhook/config': 'endpoint.created',
  'GET /api/webhook/config': 'endpoint.secret_shown',
  'DELETE /api/webhook/config': 'endpoint.deleted',
  'POST /api/subscriptions': 'endpoint.created',
  'DELETE /api/subscriptions/:id': 'endpoint.deleted',
  'POST /api/inbox/lease': null,
  'POST /api/inbox/ack': null,
  'POST /api/inbox/release': null,
  'POST /api/inbox/extend': null,
  'POST /api/inbox/requeue': 'inbox.requeued',
  'POST /api/ack/:event_id': null,
  'POST /api/inboxes': 'inbox.created',
  'PATCH /api/inboxes/:name': 'inbox.changed',
  'DELETE /api/inboxes/:name': 'inbox.deleted',
  'GET /api/inboxes/:name/secret': 'inbox.secret_shown',
  ...zapierActions('/trigger-inbox/api/v1'),
  ...zapierActions('/trigger-inbox/v1'),
  'POST /api/keys': 'key.created',
  'POST /api/keys/rotate': 'key.rotated',
  'DELETE /api/keys/:id': 'key.deleted',
  'POST /api/keys/generate': 'key.created',
  'POST /api/organizations': 'organization.created',
  'PATCH /api/organizations/:id': 'organization.changed',
  'DELETE /api/organizations/:id': 'organization.deleted',
};

function zapierActions(prefix: string): Readonly<Record<string, string | null>> {
  const inboxes = `${prefix}/inboxes`;
  return {
    [`POST ${inboxes}`]: 'inbox.created',
    [`DELETE ${inboxes}/:id`]: 'inbox.deleted',
    [`POST ${inboxes}/:id/pause`]: 'inbox.changed',
    [`POST ${inboxes}/:id/resume`]: 'inbox.changed',
    [`POST ${inboxes}/:id/messages/lease`]: null,
    [`POST ${inboxes}/:id/messages/ack`]: null,
    [`POST ${inboxes}/:id/messages/release`]: null,
  };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The audit action of this request, if it differs from the action of its route. */
    auditAction: string | undefined;
  }
}

/** The fields of a creation's answer that identify the created thing. */
interface Made {
  readonly id?: string;
  readonly key_id?: string;
  readonly endpoint_id?: string;
  readonly organization_id?: string;
  readonly organization?: { readonly id: string };
}

/** The parts that the audit log needs. */
interface AuditParts {
  readonly engine: { readonly store: { readonly audit: AuditStore } };
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly clientAddress: ClientAddress;
}

/**
 * Adds an audit entry for each change, before the answer is sent. If the entry cannot be stored it is logged, and the request
 * still succeeds: the change is made, and an error would say that it is not.
 */
export function recordChanges(app: FastifyInstance, parts: AuditParts): void {
  const { engine, ids, clock, log } = parts;
  app.addHook('onRoute', (route: RouteOptions) => {
    const name = `${String(route.method)} ${route.url}`;
    const action = ACTIONS[name];
    const isRead = route.method === 'GET' || route.method === 'HEAD';
    if (action === undefined && !isRead) throw new Error(`No action is named for ${name} (api/access/audit-trail.ts)`);
    if (typeof action === 'string') route.config = { ...route.config, auditAction: action };
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const action = request.auditAction ?? request.routeOptions.config.auditAction;
    if (action === undefined || reply.statusCode >= 300 || request.isRepetition) return payload;
    const made = typeof payload === 'string' ? (JSON.parse(payload || '{}') as Made) : {};
    const entry = entryOf(request, { made, action, address: parts.clientAddress(request) });
    if (entry.organizationId === undefined) return payload;
    const whole = { ...entry, id: ids.next<AuditId>(), createdAt: clock.now(), organizationId: entry.organizationId };
    try {
      await engine.store.audit.add(whole);
    } catch (error) {
      const { key, fields, ...rest } = whole;
      const logged = { ...rest, key_id: key?.id ?? null, fields: fields.join(',') };
      log.error('A change could not be written to the audit log', logged, error);
    }
    return payload;
  });
}

type Seen = Omit<AuditEntry, 'id' | 'createdAt' | 'organizationId'> & {
  readonly organizationId: OrganizationId | undefined;
};

function entryOf(request: FastifyRequest, seen: { made: Made; action: string; address: string | null }): Seen {
  const { made, action, address } = seen;
  const { id, name } = request.params as { readonly id?: string; readonly name?: string };
  const { name: namedInBody } = (request.body ?? {}) as { readonly name?: unknown };
  const ofCaller = request.caller as FastifyRequest['caller'] | undefined;
  // The administrator's routes name the organization in the path, or create it.
  const ofOthers = made.organization_id ?? made.organization?.id ?? id;
  const inboxName = action.startsWith('inbox.') && typeof namedInBody === 'string' ? namedInBody : undefined;
  return {
    organizationId: ofCaller?.organization.id ?? (ofOthers as OrganizationId | undefined),
    action,
    target: id ?? name ?? inboxName ?? made.key_id ?? made.endpoint_id ?? made.organization?.id ?? made.id ?? null,
    key: ofCaller === undefined ? null : { id: ofCaller.key.id, name: ofCaller.key.name },
    fields: fieldsOf(request.body),
    requestId: request.id,
    address,
  };
}

function fieldsOf(body: unknown): readonly string[] {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body) && !Buffer.isBuffer(body);
  return isObject ? Object.keys(body).slice(0, 50) : [];
}
