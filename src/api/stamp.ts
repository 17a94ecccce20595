import type { FastifyReply, FastifyRequest } from 'fastify';

/** What every answer carries: which request it is, and how long it took. */
export function stampAnswer(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id).header('x-response-time', `${reply.elapsedTime.toFixed(2)}ms`);
}
