import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { isLoopbackAuthority, isLoopbackConnection } from '../../core/delivery/loopback.ts';
import type { Problem } from '../../core/problem.ts';
import { type Authenticator, type Caller, hashKey } from '../../pipeline/access/index.ts';
import { ProblemError, sendProblem } from '../http/answers/index.ts';
import type { ClientAddress } from './client-address.ts';
import { mayUse } from './scopes.ts';
import type { WrongCredentials } from './wrong-credentials.ts';

const MAX_KEY_LENGTH = 256;
const BEARER = /^Bearer +([^ ]+) *$/i;

/** What authentication needs of the API's context. */
export interface AccessParts {
  readonly authenticator: Authenticator;
  /** Null: nobody manages organizations, or in development everybody. */
  readonly adminToken: string | null;
  readonly wrongKeys: WrongCredentials;
  readonly wrongAdminTokens: WrongCredentials;
  readonly clientAddress: ClientAddress;
  /** Development with an open door: only requests from this machine to a loopback name are served. */
  readonly loopbackOnly: boolean;
}

type Presented = { readonly key: string } | { readonly problem: Problem };

const MISSING: Presented = {
  problem: { code: 'missing_api_key', detail: 'Send your API key in the header X-API-Key.' },
};
const INVALID: Problem = { code: 'invalid_api_key', detail: 'This API key is not valid.' };

export const NOT_IN_SCOPE: Problem = { code: 'forbidden', detail: 'This API key does not have the required scope.' };

/**
 * Every route with this hook has `request.caller`, whose key has the scope that the route needs. A right key is served from
 * an address that sent many wrong ones: 256 random bits can't be guessed, and behind one proxy a stranger's wrong keys
 * would lock out everybody else.
 */
export function requireApiKey(
  parts: Pick<AccessParts, 'authenticator' | 'wrongKeys' | 'clientAddress'>,
): onRequestHookHandler {
  const { authenticator, wrongKeys } = parts;
  function enter(request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined, done: () => void): void {
    if (caller === undefined) {
      refuse(request, reply, tooMany(wrongKeys.note(parts.clientAddress(request) ?? '')) ?? INVALID);
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
    // What fails in `enter` is this request's fault, not the process's.
    caller.then((found) => enter(request, reply, found, done)).catch(done);
  };
}

/** Who makes a request that an administrator may make. */
export type Identity =
  | { readonly kind: 'admin' }
  | { readonly kind: 'caller'; readonly caller: Caller }
  | { readonly kind: 'nobody'; readonly problem: Problem };

/**
 * `ADMIN_TOKEN` is the administrator's; in development, where there is none, everybody without a key is one. It was chosen
 * by a person: an address that was just guessing gets the same answer for the right one as for wrong ones.
 */
export async function identify(parts: AccessParts, request: FastifyRequest): Promise<Identity> {
  const { adminToken, authenticator, wrongAdminTokens, wrongKeys } = parts;
  const address = parts.clientAddress(request) ?? '';
  const given = BEARER.exec(request.headers.authorization ?? '')?.[1];
  const isToken = adminToken !== null && given !== undefined && isSame(given, adminToken);
  if (isToken && wrongAdminTokens.mustWait(address) === null) return { kind: 'admin' };
  const presented = presentedKey(request.headers);
  const isOpen = adminToken === null && parts.loopbackOnly;
  if ('problem' in presented) {
    return isOpen && presented === MISSING ? { kind: 'admin' } : { kind: 'nobody', problem: presented.problem };
  }
  const caller = await authenticator.authenticate(presented.key);
  if (caller !== undefined) return { kind: 'caller', caller };
  // What stands in X-API-Key alone is no guess at the token.
  const seconds = given === undefined ? wrongKeys.note(address) : wrongAdminTokens.note(address);
  return { kind: 'nobody', problem: tooMany(seconds) ?? INVALID };
}

/** Undefined where the request has a key, right or wrong. */
export function missingKey({ headers }: FastifyRequest): Problem | undefined {
  const presented = presentedKey(headers);
  return 'problem' in presented ? presented.problem : undefined;
}

/** For routes that are the administrator's alone; in development a key of the well-known organization does too. */
export function requireAdmin(parts: AccessParts): onRequestHookHandler {
  const isOpen = parts.adminToken === null && parts.loopbackOnly;
  return (request, reply, done) => {
    identify(parts, request)
      .then((identity) => {
        if (identity.kind === 'nobody') refuse(request, reply, identity.problem);
        else if (identity.kind === 'caller' && !isOpen) sendProblem(request, reply, ADMIN_ONLY);
        else done();
      })
      .catch(done);
  };
}

/** Answers a request that nobody in particular made. */
export function refuseNobody(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  return sendProblem(request, reply.header('www-authenticate', 'Bearer'), problem);
}

export const ADMIN_ONLY: Problem = {
  code: 'forbidden',
  detail: 'Only the administrator may do this (Authorization: Bearer ADMIN_TOKEN).',
};

/** By their digests, which have one length and tell nothing of what they are made of. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(hashKey(a)), Buffer.from(hashKey(b)));
}

function tooMany(seconds: number | null): Problem | undefined {
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

export function isLoopbackHost({ host = '' }: IncomingHttpHeaders): boolean {
  return isLoopbackAuthority(host);
}

/**
 * In development, with a well-known key and no administrator: only this machine is served. The connection's own addresses
 * say where a request comes from; the `Host` is looked at because a page elsewhere can point a name of its own at loopback
 * (DNS rebinding).
 */
export const requireLoopback: onRequestHookHandler = ({ socket, headers }, _reply, done) => {
  if (isLoopbackConnection(socket) && isLoopbackHost(headers)) return done();
  const detail =
    'In development, only requests from this machine to localhost are served. Set ADMIN_TOKEN to serve others.';
  done(new ProblemError({ code: 'forbidden', detail }));
};
