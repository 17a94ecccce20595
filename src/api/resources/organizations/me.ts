import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../../context.ts';
import type { Wire } from '../views/index.ts';

/** The organization and the key of the request. Integrations use it to test a key. */
export function meRoutes(app: FastifyInstance, { rateLimits }: ApiParts): void {
  app.get('/api/me', async ({ caller: { organization, key } }): Promise<Wire.Me> => {
    return {
      organization: { id: organization.id, name: organization.name, tier: organization.tier },
      key: { id: key.id, name: key.name, prefix: key.prefix, scopes: key.scopes },
      rate_limit_per_minute: rateLimits[organization.tier],
    };
  });
}
