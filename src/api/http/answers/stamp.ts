import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The request id: the client's own if its characters are safe in logs and headers, else a new one. */
const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

export function requestIdOf({ headers }: { readonly headers: IncomingHttpHeaders }): string {
  const own = headers['x-request-id'];
  return typeof own === 'string' && SANE_REQUEST_ID.test(own) ? own : randomUUID();
}

/** Headers against caching (a proxy gave one tenant's answer to another) and against content sniffing. */
export const PRIVATE_ANSWER = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** Sets the headers of every answer: request id, response time, and `no-store` unless the route sets its own caching. */
export function setAnswerHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id).header('x-response-time', `${reply.elapsedTime.toFixed(2)}ms`);
  reply.header('x-content-type-options', PRIVATE_ANSWER['x-content-type-options']);
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', PRIVATE_ANSWER['cache-control']);
}
