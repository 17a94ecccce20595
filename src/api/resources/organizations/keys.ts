import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { type ApiKey, SCOPES, type Scope } from '../../../core/administration/organization.ts';
import type { KeyId } from '../../../core/ids.ts';
import { MAX_KEY_GRACE_SECONDS, MAX_KEYS_PER_ORGANIZATION, MAX_NAME_LENGTH } from '../../../core/limits.ts';
import { msOfSeconds, toIso } from '../../../core/time.ts';
import type { Caller, KeyService } from '../../../pipeline/access/index.ts';
import type { ApiParts } from '../../context.ts';
import { NOT_FOUND, ProblemError, problemError } from '../../http/answers/index.ts';
import type { Wire } from '../views/index.ts';
import { checkName } from './names.ts';

const rotateSchema = {
  type: 'object',
  properties: { grace_seconds: { type: 'integer', minimum: 0, maximum: MAX_KEY_GRACE_SECONDS } },
  additionalProperties: false,
} as const;

const newKeySchema = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: MAX_NAME_LENGTH },
    scopes: { type: 'array', items: { enum: SCOPES }, minItems: 1, uniqueItems: true },
  },
  required: ['name'],
  additionalProperties: false,
} as const;

/** Routes of an organization's own keys. */
export function keyRoutes(app: FastifyInstance, { keyService }: ApiParts): void {
  app.post<{ Body: FromSchema<typeof newKeySchema> }>(
    '/api/keys',
    { schema: { body: newKeySchema } },
    async (request, reply) => reply.code(201).send(await addKey(keyService, request.caller, request.body)),
  );

  app.get('/api/keys', async (request) => {
    const keys = await keyService.list(request.caller.organization.id);
    return { data: keys.map(keyView), next_cursor: null };
  });

  app.post<{ Body: FromSchema<typeof rotateSchema> }>(
    '/api/keys/rotate',
    { schema: { body: rotateSchema } },
    async (request, reply) => {
      const made = await keyService.rotate(request.caller.key, msOfSeconds(request.body.grace_seconds ?? 0));
      if (made === undefined) throw tooManyKeys();
      const previous_expires_at = toIso(made.previousExpiresAt);
      return reply.code(201).send({ api_key: made.text, key_id: made.key.id, previous_expires_at });
    },
  );

  app.delete<{ Params: { id: KeyId } }>('/api/keys/:id', async (request, reply) => {
    const outcome = await keyService.remove(request.caller.organization.id, request.params.id);
    if (outcome === 'not_found') throw new ProblemError(NOT_FOUND);
    if (outcome === 'last') {
      throw problemError('conflict', 'This is the last key with the scope manage. Create another one first.');
    }
    return reply.code(204).send();
  });
}

/** Creates a key with the scopes of the calling key, or fewer. The answer shows it once. */
export async function addKey(
  keyService: KeyService,
  { organization, key }: Caller,
  { name = '', scopes = key.scopes }: { name?: string; scopes?: readonly Scope[] },
) {
  checkName('name', name);
  const wider = scopes.filter((scope) => !key.scopes.includes(scope));
  if (wider.length > 0) {
    throw problemError(
      'forbidden',
      `A key cannot create a key with more scopes than its own. The calling key does not have ${wider.join(', ')}.`,
    );
  }
  const made = await keyService.add(organization.id, name, scopes);
  if (made === undefined) throw tooManyKeys();
  const { id: organization_id, tier } = organization;
  return { api_key: made.text, organization_id, key_id: made.key.id, tier, name, scopes };
}

function tooManyKeys(): ProblemError {
  return problemError('conflict', `An organization may have at most ${MAX_KEYS_PER_ORGANIZATION} keys.`);
}

function keyView(key: ApiKey): Wire.Key {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    scopes: key.scopes,
    created_at: toIso(key.createdAt),
    last_used_at: key.lastUsedAt === null ? null : toIso(key.lastUsedAt),
    expires_at: key.expiresAt === null ? null : toIso(key.expiresAt),
  };
}
