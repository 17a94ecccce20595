import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { SCOPES, TIERS } from '../../../core/administration/organization.ts';
import { MAX_NAME_LENGTH } from '../../../core/limits.ts';
import { ADMIN_ONLY, type Identity, identify, NOT_IN_SCOPE, refuseNobody } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { invalidField, ProblemError } from '../../http/answers/index.ts';
import { addKey } from './keys.ts';
import { checkName } from './names.ts';

const name = { type: 'string', minLength: 1, maxLength: MAX_NAME_LENGTH } as const;

const generateSchema = {
  type: 'object',
  properties: {
    organization_name: name,
    tier: { enum: TIERS },
    name,
    scopes: { type: 'array', items: { enum: SCOPES }, minItems: 1, uniqueItems: true },
  },
  additionalProperties: false,
} as const;
type Generate = FromSchema<typeof generateSchema>;

/**
 * The key route of the project's first document. With `organization_name` it creates an organization with its first key, for
 * the administrator (in development for every client). With `name` it creates a key for the calling key's organization.
 */
export function generateKeyRoute(app: FastifyInstance, parts: ApiParts): void {
  const identities = new WeakMap<object, Identity>();

  app.post<{ Body: Generate }>(
    '/api/keys/generate',
    {
      schema: { body: generateSchema },
      config: { needsBody: true },
      onRequest: async (request, reply) => {
        const identity = await identify(parts, request);
        if (identity.kind === 'nobody') return refuseNobody(request, reply, identity.problem);
        identities.set(request, identity);
        if (identity.kind === 'caller') request.actsFor = identity.caller.organization.id;
      },
    },
    async (request, reply) => {
      const { organization_name, name: keyName } = request.body;
      if (organization_name !== undefined && keyName !== undefined) {
        throw invalidField('name', 'names a key of an existing organization: send only one of the two names');
      }
      const identity = identities.get(request);
      if (organization_name === undefined) {
        if (keyName === undefined) throw invalidField('organization_name', 'is required');
        if (identity?.kind !== 'caller') throw invalidField('organization_name', 'is required without an API key');
        if (!identity.caller.key.scopes.includes('manage')) throw new ProblemError(NOT_IN_SCOPE);
        // For the audit log: a key created this one, not the administrator.
        request.caller = identity.caller;
        return reply.code(201).send(await addKey(parts.keyService, identity.caller, request.body));
      }
      const isOpen = parts.adminToken === null && parts.loopbackOnly;
      if (identity?.kind === 'caller' && !isOpen) throw new ProblemError(ADMIN_ONLY);
      checkName('organization_name', organization_name);
      const made = await parts.keyService.createOrganization(organization_name, request.body.tier ?? 'free');
      const { id, tier } = made.organization;
      return reply.code(201).send({ api_key: made.text, organization_id: id, key_id: made.key.id, tier });
    },
  );
}
