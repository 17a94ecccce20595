import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import type { Endpoint } from '../../../core/delivery/endpoint.ts';
import { MAX_URL_LENGTH } from '../../../core/limits.ts';
import type { Caller } from '../../../pipeline/access/index.ts';
import type { ApiParts } from '../../context.ts';
import { NOT_FOUND, ProblemError } from '../../http/answers/index.ts';
import { EndpointAdmin } from './endpoint-admin.ts';

const WebhookConfig = {
  type: 'object',
  properties: { webhook_url: { type: 'string', minLength: 1, maxLength: MAX_URL_LENGTH } },
  required: ['webhook_url'],
  additionalProperties: false,
} as const;

/** The default endpoint of an organization, with the route of the project's first document: one URL, set again to change it. */
export function webhookConfigRoutes(app: FastifyInstance, parts: ApiParts): void {
  const admin = new EndpointAdmin(parts);
  const { endpoints } = parts.engine.store;

  app.post<{ Body: FromSchema<typeof WebhookConfig> }>(
    '/api/webhook/config',
    { schema: { body: WebhookConfig } },
    async (request) => {
      const url = request.body.webhook_url;
      const existing = await endpoints.getDefault(request.caller.organization.id);
      if (existing !== undefined) request.auditAction = 'endpoint.changed';
      const endpoint =
        existing === undefined
          ? await admin.create(request.caller, { url }, { isDefault: true })
          : await admin.change(request.caller, existing.id, { url, enabled: true });
      return view(endpoint);
    },
  );

  app.get('/api/webhook/config', async ({ caller }) => view(await current(caller)));

  app.delete('/api/webhook/config', async ({ caller }, reply) => {
    await admin.remove(caller, (await current(caller)).id);
    return reply.code(204).send();
  });

  async function current({ organization }: Caller): Promise<Endpoint> {
    const endpoint = await endpoints.getDefault(organization.id);
    if (endpoint === undefined) throw new ProblemError(NOT_FOUND);
    return endpoint;
  }
}

function view(endpoint: Endpoint) {
  return { webhook_url: endpoint.url, endpoint_id: endpoint.id, secret: endpoint.secret };
}
