import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Problem } from '../core/problem.ts';
import { type Authenticator, type Caller, hashKey } from '../pipeline/authenticate.ts';
import type { ApiParts } from './context.ts';
import { ProblemError, sendProblem } from './problems.ts';
import { mayUse } from './scopes.ts';
import type { WrongCredentials } from './wrong-credentials.ts';

const MAX_KEY_LENGTH = 256;
const BEARER = /^Bearer +([^ ]+) *$/i;

type Presented = { readonly key: string } | { readonly problem: Problem };

const MISSING: Presented = {
  problem: { code: 'missing_api_key', detail: 'Send your API key in the header X-API-Key.' },
};
const INVALID: Problem = { code: 'invalid_api_key', detail: 'This API key is not valid.' };

export const NOT_IN_SCOPE: Problem = { code: 'forbidden', detail: 'This API key has not the scope for this.' };

/** Every route with this hook has `request.caller`, whose key has the scope that the route needs. */
export function requireApiKey({
  authenticator,
  wrongKeys,
}: Pick<ApiParts, 'authenticator' | 'wrongKeys'>): onRequestHookHandler {
  function enter(request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined, done: () => void): void {
    if (caller === undefined) {
      refuse(request, reply, tooMany(wrongKeys, request) ?? INVALID);
      return;
    }
    if (!mayUse(caller.key.scopes, request.routeOptions.config.scopes ?? [])) {
      sendProblem(request, reply, NOT_IN_SCOPE);
      return;
    }
    request.caller = caller;
    done();
  }

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

/** Who makes a request that an administrator may make. */
export type Identity =
  | { readonly kind: 'admin' }
  | { readonly kind: 'caller'; readonly caller: Caller }
  | { readonly kind: 'nobody'; readonly problem: Problem };

/** `ADMIN_TOKEN` is the administrator's; in development, where there is none, everybody without a key is one. */
export async function identify(parts: ApiParts, request: FastifyRequest): Promise<Identity> {
  const { adminToken, authenticator, wrongAdminTokens } = parts;
  const given = BEARER.exec(request.headers.authorization ?? '')?.[1];
  if (adminToken !== null && given !== undefined && isSame(given, adminToken)) return { kind: 'admin' };
  const presented = presentedKey(request.headers);
  const isOpen = adminToken === null && parts.loopbackHostsOnly;
  if ('problem' in presented) {
    return isOpen && presented === MISSING ? { kind: 'admin' } : { kind: 'nobody', problem: presented.problem };
  }
  const caller = await authenticator.authenticate(presented.key);
  if (caller !== undefined) return { kind: 'caller', caller };
  return { kind: 'nobody', problem: tooMany(wrongAdminTokens, request) ?? INVALID };
}

/** Undefined where the request has a key, right or wrong. */
export function missingKey({ headers }: FastifyRequest): Problem | undefined {
  const presented = presentedKey(headers);
  return 'problem' in presented ? presented.problem : undefined;
}

/** For routes that are the administrator's alone; in development a key of the well-known organization does too. */
export function requireAdmin(parts: ApiParts): onRequestHookHandler {
  const isOpen = parts.adminToken === null && parts.loopbackHostsOnly;
  return (request, reply, done) => {
    identify(parts, request).then((identity) => {
      if (identity.kind === 'nobody') refuse(request, reply, identity.problem);
      else if (identity.kind === 'caller' && !isOpen) sendProblem(request, reply, ADMIN_ONLY);
      else done();
    }, done);
  };
}

/** Answers a request that nobody in particular made. */
export function refuseNobody(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  return sendProblem(request, reply.header('www-authenticate', 'Bearer'), problem);
}

export const ADMIN_ONLY: Problem = {
  code: 'forbidden',
  detail: 'This is for the administrator (Authorization: Bearer ADMIN_TOKEN).',
};

/** By their digests, which have one length and tell nothing of what they are made of. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(hashKey(a)), Buffer.from(hashKey(b)));
}

function tooMany(wrong: WrongCredentials, { socket }: FastifyRequest): Problem | undefined {
  const seconds = wrong.note(socket.remoteAddress ?? '');
  if (seconds === null) return undefined;
  return {
    code: 'rate_limited',
    detail: 'Too many wrong credentials came from this address.',
    retryAfterSeconds: Math.max(1, seconds),
  };
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
export function presentedKey(headers: IncomingHttpHeaders): Presented {
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

export function isLoopbackHost({ host = '' }: IncomingHttpHeaders): boolean {
  return LOOPBACK_HOST.test(host);
}

/** In development, with a well-known key: a page elsewhere must not reach us by a name that it points at loopback. */
export const requireLoopbackHost: onRequestHookHandler = (request, _reply, done) => {
  if (isLoopbackHost(request.headers)) return done();
  const detail = 'In development only requests to localhost are served. Set ADMIN_TOKEN to serve other names.';
  done(new ProblemError({ code: 'forbidden', detail }));
};
