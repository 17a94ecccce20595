import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { publicKeyOf } from '../../../core/delivery/signature.ts';
import { MAX_DATA } from '../../../core/events/event-request.ts';
import { isEventType } from '../../../core/events/event-type.ts';
import type { EndpointId } from '../../../core/ids.ts';
import { scanJson, textOf } from '../../../core/json/json-scan.ts';
import type { JsonText } from '../../../core/json/json-text.ts';
import { MAX_EVENT_BODY_BYTES, MAX_SECRET_GRACE_SECONDS } from '../../../core/limits.ts';
import { msOfSeconds, type Timestamp, toIso } from '../../../core/time.ts';
import { takeToken } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { invalidField, NOT_FOUND, ProblemError, problemError } from '../../http/answers/index.ts';
import type { BodyRule } from '../../http/bodies/index.ts';
import { attemptView } from '../views/index.ts';
import { EndpointAdmin } from './endpoint-admin.ts';

const DAY_SECONDS = 86_400;
/** The body of a test is read raw, so that its `data` is sent byte for byte. */
const RAW_BODY: BodyRule = { maxBytes: MAX_EVENT_BODY_BYTES, raw: true };
const DEFAULT_TEST = { type: 'test.webhook', data: '{"message":"This is a test."}' as JsonText };

const NO_TEST = {
  too_many: {
    code: 'rate_limited',
    detail: 'Ten tests are already in progress. Try again when one has ended.',
    retryAfterSeconds: 1,
  },
  local: { code: 'unavailable', detail: 'The service could not send the test. Try again soon.', retryAfterSeconds: 1 },
} as const;

const rotateSchema = {
  type: 'object',
  properties: {
    grace_seconds: { type: 'integer', minimum: 0, maximum: MAX_SECRET_GRACE_SECONDS },
    secret: { type: 'string' },
    // Selects the shared secret or the key pair.
    signature: { enum: ['v1', 'v1a'] },
  },
  additionalProperties: false,
} as const;

/** Routes of an endpoint's secrets, and its test. */
export function endpointSecretRoutes(app: FastifyInstance, parts: ApiParts): void {
  const admin = new EndpointAdmin(parts);
  const { endpoints } = parts.engine.store;

  app.get<{ Params: { id: EndpointId } }>('/api/endpoints/:id/secret', async (request) => {
    const endpoint = await endpoints.get(request.caller.organization.id, request.params.id);
    if (endpoint === undefined) throw new ProblemError(NOT_FOUND);
    return { secret: endpoint.secret };
  });

  app.post<{ Params: { id: EndpointId }; Body: FromSchema<typeof rotateSchema> }>(
    '/api/endpoints/:id/rotate-secret',
    { schema: { body: rotateSchema } },
    async (request) => {
      const { caller, params, body } = request;
      const { grace_seconds = DAY_SECONDS, secret, signature = 'v1' } = body;
      const graceMs = msOfSeconds(grace_seconds);
      if (signature === 'v1a') {
        if (secret !== undefined) throw invalidField('secret', 'belongs to v1; the service generates the keys of v1a');
        const { options } = await admin.rotateSigningKey(caller, params.id, graceMs);
        const { signingKey, previousSigningKey } = options;
        return {
          public_key: signingKey === null ? null : publicKeyOf(signingKey),
          previous_public_key_expires_at: expiry(previousSigningKey),
        };
      }
      const endpoint = await admin.rotateSecret(caller, params.id, { secret, graceMs });
      return { secret: endpoint.secret, previous_secret_expires_at: expiry(endpoint.previousSecret) };
    },
  );

  app.post<{ Params: { id: EndpointId }; Body: Buffer | undefined }>(
    '/api/endpoints/:id/test',
    { config: { body: RAW_BODY } },
    async (request, reply) => {
      await takeToken(parts, request, reply);
      const endpoint = await endpoints.get(request.caller.organization.id, request.params.id);
      if (endpoint === undefined) throw new ProblemError(NOT_FOUND);
      const sent = await parts.endpointTester.send(endpoint, readTest(request.body));
      if (sent.kind !== 'made') throw new ProblemError(NO_TEST[sent.kind]);
      return { event_id: sent.eventId, ...attemptView(sent.attempt), request: sent.request };
    },
  );
}

function expiry(previous: { readonly expiresAt: Timestamp } | null): string | null {
  return previous === null ? null : toIso(previous.expiresAt);
}

function readTest(body: Buffer | undefined): { type: string; data: JsonText } {
  if (body === undefined || body === null || body.length === 0) return DEFAULT_TEST;
  const scan = scanJson(body);
  if (scan.kind === 'invalid') throw problemError('invalid_json', `The body is not valid: ${scan.detail}.`);
  if (scan.kind === 'other') throw invalidField('body', 'must be a JSON object');
  const member = (name: string) => scan.members.find(({ key }) => key === name);
  for (const { key } of scan.members) {
    if (key !== 'type' && key !== 'data') throw invalidField(key, 'is not a known field');
  }
  const [type, data] = [member('type'), member('data')];
  const typeText = type === undefined ? DEFAULT_TEST.type : (JSON.parse(textOf(body, type)) as unknown);
  if (typeof typeText !== 'string' || !isEventType(typeText)) throw invalidField('type', 'must be an event type');
  if (data !== undefined && data.end - data.start > MAX_DATA.bytes) throw new ProblemError(MAX_DATA.problem);
  return { type: typeText, data: data === undefined ? DEFAULT_TEST.data : (textOf(body, data) as JsonText) };
}
