import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import type { EventId } from '../../../core/ids.ts';
import { MAX_NAME_LENGTH } from '../../../core/limits.ts';
import { toIso } from '../../../core/time.ts';
import type { ApiParts } from '../../context.ts';
import { invalidField, NOT_FOUND, ProblemError } from '../../http/answers/index.ts';
import { readTime } from '../../http/lists/index.ts';

const eraseSchema = {
  type: 'object',
  properties: {
    organization_name: {
      type: 'string',
      maxLength: MAX_NAME_LENGTH,
      description: 'The name as /api/me shows it, as a safety check.',
    },
    before: { type: 'string', description: 'Erases only events accepted before this time.' },
  },
  required: ['organization_name'],
  additionalProperties: false,
} as const;

/** Routes that erase events with their deliveries, attempts and inbox messages. */
export function eventErasureRoutes(app: FastifyInstance, { erasureService }: ApiParts): void {
  app.delete<{ Params: { id: EventId } }>('/api/events/:id', async (request, reply) => {
    const erased = await erasureService.eraseEvent(request.caller.organization.id, request.params.id);
    if (!erased) throw new ProblemError(NOT_FOUND);
    return reply.code(204).send();
  });

  app.post<{ Body: FromSchema<typeof eraseSchema> }>(
    '/api/events/erase',
    { schema: { body: eraseSchema } },
    async (request, reply) => {
      const { organization } = request.caller;
      const { organization_name, before } = request.body;
      if (organization_name !== organization.name) {
        throw invalidField(
          'organization_name',
          'must be the name of your organization, because an erasure cannot be undone',
        );
      }
      const at = before === undefined ? null : readTime('before', before);
      const erasedBefore = await erasureService.eraseBefore(organization.id, at);
      return reply.code(202).send({ erased_before: toIso(erasedBefore) });
    },
  );
}
