import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { MAX_EVENT_TYPE_PATTERNS, MAX_INBOX_LEASES, MAX_TYPE_LENGTH, MAX_URL_LENGTH } from '../../../core/limits.ts';
import { mayManage } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { NOT_FOUND, ProblemError } from '../../http/answers/index.ts';
import { InboxAdmin, type InboxWithNotification, inboxView } from './inbox-admin.ts';

const NAME = '^[A-Za-z0-9][A-Za-z0-9._-]*$';

const CHANGEABLE = {
  event_types: {
    type: 'array',
    items: { type: 'string', maxLength: MAX_TYPE_LENGTH },
    maxItems: MAX_EVENT_TYPE_PATTERNS,
  },
  max_leases: { type: 'integer', minimum: 1, maximum: MAX_INBOX_LEASES },
  paused: { type: 'boolean' },
  notification_url: {
    type: ['string', 'null'],
    maxLength: MAX_URL_LENGTH,
    description: 'Receives a signed request, without event content, when the inbox was empty and gets an event.',
  },
} as const;

const newInboxSchema = {
  type: 'object',
  properties: { name: { type: 'string', minLength: 1, maxLength: 100, pattern: NAME }, ...CHANGEABLE },
  required: ['name'],
  additionalProperties: false,
} as const;

const changesSchema = { type: 'object', properties: CHANGEABLE, additionalProperties: false } as const;

interface OfInbox {
  Params: { name: string };
}

/** Routes of inboxes. Each inbox has its own state for every event. */
export function inboxAdminRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { inboxes, notifications } = parts.engine.store;
  const admin = new InboxAdmin(parts);

  app.post<{ Body: FromSchema<typeof newInboxSchema> }>(
    '/api/inboxes',
    { schema: { body: newInboxSchema } },
    async (request, reply) => {
      const { name, ...options } = request.body;
      const made = await admin.create(request.caller.organization.id, name, options);
      return reply.code(201).send({ ...inboxView(made, 0), notification_secret: made.notification?.secret ?? null });
    },
  );

  app.get('/api/inboxes', async (request) => {
    const { id } = request.caller.organization;
    const [all, told] = await Promise.all([inboxes.all(id), notifications.ofOrganization(id)]);
    const quarantined = await admin.countQuarantined(all);
    const byInbox = new Map(told.map((notification) => [notification.inboxId, notification]));
    const maySee = mayManage(request.caller);
    const data = all.map((inbox) =>
      inboxView({ inbox, notification: byInbox.get(inbox.id) }, quarantined.get(inbox.id) ?? 0, maySee),
    );
    return { data, next_cursor: null };
  });

  app.get<OfInbox>('/api/inboxes/:name', async (request) => {
    const inbox = await inboxes.get(request.caller.organization.id, request.params.name);
    if (inbox === undefined) throw new ProblemError(NOT_FOUND);
    return shown({ inbox, notification: await admin.notification(inbox) }, mayManage(request.caller));
  });

  app.get<OfInbox>('/api/inboxes/:name/secret', async (request) => {
    const inbox = await inboxes.get(request.caller.organization.id, request.params.name);
    const notification = inbox === undefined ? undefined : await admin.notification(inbox);
    if (notification === undefined) throw new ProblemError(NOT_FOUND);
    return { secret: notification.secret };
  });

  app.patch<OfInbox & { Body: FromSchema<typeof changesSchema> }>(
    '/api/inboxes/:name',
    { schema: { body: changesSchema } },
    async (request) => shown(await admin.change(request.caller.organization.id, request.params.name, request.body)),
  );

  app.delete<OfInbox>('/api/inboxes/:name', async (request, reply) => {
    await admin.remove(request.caller.organization.id, request.params.name);
    return reply.code(204).send();
  });

  async function shown(one: InboxWithNotification, maySeeUrl = true) {
    const counts = await admin.countQuarantined([one.inbox]);
    return inboxView(one, counts.get(one.inbox.id) ?? 0, maySeeUrl);
  }
}
