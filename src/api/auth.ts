import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Problem } from '../core/problem.ts';
import type { Authenticator, Caller } from '../pipeline/authenticate.ts';
import { ProblemError, sendProblem } from './problems.ts';

const MAX_KEY_LENGTH = 256;
const BEARER = /^Bearer +([^ ]+) *$/i;

type Presented = { readonly key: string } | { readonly problem: Problem };

const MISSING: Presented = {
  problem: { code: 'missing_api_key', detail: 'Send your API key in the header X-API-Key.' },
};
const INVALID: Problem = { code: 'invalid_api_key', detail: 'This API key is not valid.' };

/** Every route with this hook has `request.caller`. */
export function requireApiKey(authenticator: Authenticator): onRequestHookHandler {
  return (request, reply, done) => {
    const presented = presentedKey(request.headers);
    if ('problem' in presented) {
      refuse(request, reply, presented.problem);
      return;
    }
    const caller = authenticator.authenticate(presented.key);
    if (!(caller instanceof Promise)) {
      enter(request, reply, caller, done);
      return;
    }
    caller.then((found) => enter(request, reply, found, done), done);
  };
}

function enter(request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined, done: () => void): void {
  if (caller === undefined) {
    refuse(request, reply, INVALID);
    return;
  }
  request.caller = caller;
  done();
}

function refuse(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  reply.header('www-authenticate', 'Bearer');
  sendProblem(request, reply, problem);
}

/** Whether the key that a request came with is still good: for answers that go on. */
export function isStillAllowed(authenticator: Authenticator, { headers }: FastifyRequest): () => Promise<boolean> {
  const presented = presentedKey(headers);
  return async () => 'key' in presented && (await authenticator.authenticate(presented.key)) !== undefined;
}

/** From `X-API-Key` or `Authorization: Bearer`; two that differ are no key at all, never a choice. */
function presentedKey(headers: IncomingHttpHeaders): Presented {
  const own = headers['x-api-key'];
  const bearer = headers.authorization;
  if ((own === undefined || own === '') && bearer === undefined) return MISSING;
  const bearerKey = bearer === undefined ? undefined : BEARER.exec(bearer)?.[1];
  if (bearer !== undefined && bearerKey === undefined) return { problem: INVALID };
  if (own !== undefined && bearerKey !== undefined && own !== bearerKey) return { problem: INVALID };
  const key = bearerKey ?? own;
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH) return { problem: INVALID };
  return { key };
}

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** In development, with a well-known key: a page elsewhere must not reach us by a name that it points at loopback. */
export const requireLoopbackHost: onRequestHookHandler = (request, _reply, done) => {
  if (LOOPBACK_HOST.test(request.headers.host ?? '')) return done();
  const detail = 'In development only requests to localhost are served. Set ADMIN_TOKEN to serve other names.';
  done(new ProblemError({ code: 'forbidden', detail }));
};
