import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { type Organization, TIERS } from '../../../core/administration/organization.ts';
import type { OrganizationId } from '../../../core/ids.ts';
import { MAX_NAME_LENGTH } from '../../../core/limits.ts';
import { formatDuration, toIso } from '../../../core/time.ts';
import { requireAdmin } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { invalidField, NOT_FOUND, ProblemError } from '../../http/answers/index.ts';
import { PAGE_QUERY } from '../../http/lists/index.ts';
import { cursorAt, type PageQuery, readPage } from './admin-pages.ts';
import { checkName } from './names.ts';

const DAY_MS = 86_400_000;

const tier = { enum: TIERS } as const;
const name = { type: 'string', minLength: 1, maxLength: MAX_NAME_LENGTH } as const;

const newOrganizationSchema = {
  type: 'object',
  properties: { name, tier },
  required: ['name'],
  additionalProperties: false,
} as const;
/** The handler also refuses more than the service's own retention. */
const retention_days = { type: ['integer', 'null'], minimum: 1, maximum: 3_650 } as const;
const changesSchema = {
  type: 'object',
  properties: { name, tier, retention_days },
  additionalProperties: false,
} as const;

/** Routes of organizations, for the administrator only. */
export function organizationRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { keyService, erasureService, engine, retentionMs } = parts;
  app.addHook('onRequest', requireAdmin(parts));

  app.post<{ Body: FromSchema<typeof newOrganizationSchema> }>(
    '/api/organizations',
    { schema: { body: newOrganizationSchema } },
    async (request, reply) => {
      checkName('name', request.body.name);
      const made = await keyService.createOrganization(request.body.name, request.body.tier ?? 'free');
      const organization = organizationView(made.organization);
      return reply.code(201).send({ organization, api_key: made.text, key_id: made.key.id });
    },
  );

  app.get<{ Querystring: PageQuery }>(
    '/api/organizations',
    { schema: { querystring: { type: 'object', properties: PAGE_QUERY } } },
    async (request) => {
      const page = readPage(request.query);
      const found = await engine.store.organizations.list({ ...page, limit: page.limit + 1 });
      const rows = found.slice(0, page.limit);
      return { data: rows.map(organizationView), next_cursor: cursorAt(found, page.limit) };
    },
  );

  app.get<{ Params: { id: OrganizationId } }>('/api/organizations/:id', async (request) => {
    const organization = await engine.store.organizations.get(request.params.id);
    return whole(organization);
  });

  app.patch<{ Params: { id: OrganizationId }; Body: FromSchema<typeof changesSchema> }>(
    '/api/organizations/:id',
    { schema: { body: changesSchema } },
    async (request) => {
      const { retention_days: days, ...change } = request.body;
      if (change.name !== undefined) checkName('name', change.name);
      if (typeof days === 'number' && days * DAY_MS > retentionMs) {
        throw invalidField(
          'retention_days',
          `must be at most ${formatDuration(retentionMs)}, the RETENTION of the service`,
        );
      }
      const organization = await keyService.updateOrganization(request.params.id, change);
      if (organization === undefined) throw new ProblemError(NOT_FOUND);
      if (days !== undefined) await erasureService.keepFor(organization.id, days === null ? null : days * DAY_MS);
      return whole(organization);
    },
  );

  app.delete<{ Params: { id: OrganizationId } }>('/api/organizations/:id', async (request, reply) => {
    if (!(await erasureService.deleteOrganization(request.params.id))) throw new ProblemError(NOT_FOUND);
    return reply.code(204).send();
  });

  async function whole(organization: Organization | undefined) {
    const rule = organization === undefined ? undefined : await erasureService.rule(organization.id);
    if (organization === undefined || rule === undefined) throw new ProblemError(NOT_FOUND);
    const retention_days = rule.retentionMs === null ? null : rule.retentionMs / DAY_MS;
    return { ...organizationView(organization), retention_days };
  }
}

function organizationView({ id, name: called, tier: of, createdAt }: Organization) {
  return { id, name: called, tier: of, created_at: toIso(createdAt) };
}
