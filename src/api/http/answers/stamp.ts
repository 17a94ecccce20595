import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A client's own request id, if it is one that may stand in a log and a header. */
const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

export function requestIdOf({ headers }: { readonly headers: IncomingHttpHeaders }): string {
  const own = headers['x-request-id'];
  return typeof own === 'string' && SANE_REQUEST_ID.test(own) ? own : randomUUID();
}

/** What nobody between us and the client may keep (a proxy gave one tenant's answer to another), or take for something else. */
export const PRIVATE_ANSWER = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** What every answer carries: which request it is, how long it took, and that it is not kept unless its route says so. */
export function stampAnswer(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id).header('x-response-time', `${reply.elapsedTime.toFixed(2)}ms`);
  reply.header('x-content-type-options', PRIVATE_ANSWER['x-content-type-options']);
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', PRIVATE_ANSWER['cache-control']);
}
