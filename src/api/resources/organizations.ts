import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import type { OrganizationId } from '../../core/ids.ts';
import { MAX_NAME_LENGTH } from '../../core/limits.ts';
import { type Organization, TIERS } from '../../core/organization.ts';
import { toIso } from '../../core/time.ts';
import { cursorAt, type PageQuery, readPage } from '../admin-pages.ts';
import { requireAdmin } from '../auth.ts';
import type { ApiParts } from '../context.ts';
import { PAGE_QUERY } from '../lists.ts';
import { checkName } from '../names.ts';
import { NOT_FOUND, ProblemError } from '../problems.ts';

const tier = { enum: TIERS } as const;
const name = { type: 'string', minLength: 1, maxLength: MAX_NAME_LENGTH } as const;

const newOrganizationSchema = {
  type: 'object',
  properties: { name, tier },
  required: ['name'],
  additionalProperties: false,
} as const;
const changesSchema = { type: 'object', properties: { name, tier }, additionalProperties: false } as const;

/** Tenants, for the administrator alone. */
export function organizationRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { keyStation, engine } = parts;
  app.addHook('onRequest', requireAdmin(parts));

  app.post<{ Body: FromSchema<typeof newOrganizationSchema> }>(
    '/api/organizations',
    { schema: { body: newOrganizationSchema } },
    async (request, reply) => {
      checkName('name', request.body.name);
      const made = await keyStation.createOrganization(request.body.name, request.body.tier ?? 'free');
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
    if (organization === undefined) throw new ProblemError(NOT_FOUND);
    return organizationView(organization);
  });

  app.patch<{ Params: { id: OrganizationId }; Body: FromSchema<typeof changesSchema> }>(
    '/api/organizations/:id',
    { schema: { body: changesSchema } },
    async (request) => {
      if (request.body.name !== undefined) checkName('name', request.body.name);
      const organization = await keyStation.updateOrganization(request.params.id, request.body);
      if (organization === undefined) throw new ProblemError(NOT_FOUND);
      return organizationView(organization);
    },
  );
}

function organizationView({ id, name: called, tier: of, createdAt }: Organization) {
  return { id, name: called, tier: of, created_at: toIso(createdAt) };
}
