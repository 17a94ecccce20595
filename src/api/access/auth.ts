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

/** The parts that authentication needs. */
export interface AccessParts {
  readonly authenticator: Authenticator;
  /** Null = no administrator; in development, every client is one. */
  readonly adminToken: string | null;
  readonly wrongKeys: WrongCredentials;
  readonly wrongAdminTokens: WrongCredentials;
  readonly clientAddress: ClientAddress;
  /** True in development without `ADMIN_TOKEN`: only requests from this machine to a loopback name are served. */
  readonly loopbackOnly: boolean;
}

type Presented = { readonly key: string } | { readonly problem: Problem };

const MISSING: Presented = {
  problem: { code: 'missing_api_key', detail: 'Send your API key in the header X-API-Key.' },
};
const INVALID: Problem = { code: 'invalid_api_key', detail: 'This API key is not valid.' };

export const NOT_IN_SCOPE: Problem = { code: 'forbidden', detail: 'This API key does not have the required scope.' };

/**
 * Sets `request.caller`, and refuses a key without the scope of the route. A right key is served even from an address that sent
 * many wrong ones: 256 random bits cannot be guessed, and behind one proxy a stranger's wrong keys would lock out all other
 * clients.
 */
export function requireApiKey(
  parts: Pick<AccessParts, 'authenticator' | 'wrongKeys' | 'clientAddress'>,
): onRequestHookHandler {
  const { authenticator, wrongKeys } = parts;
  function enter(request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined, done: () => void): void {
    if (caller === undefined) {
      refuse(request, reply, tooMany(wrongKeys.record(parts.clientAddress(request) ?? '')) ?? INVALID);
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
    // An error in `enter` fails this request, not the process.
    caller.then((found) => enter(request, reply, found, done)).catch(done);
  };
}

/** The caller of a route that the administrator may use. */
export type Identity =
  | { readonly kind: 'admin' }
  | { readonly kind: 'caller'; readonly caller: Caller }
  | { readonly kind: 'nobody'; readonly problem: Problem };

/**
 * Identifies the caller. `ADMIN_TOKEN` identifies the administrator; in development without a token, a request without a key
 * does. A person may have chosen the token, so an address that was guessing gets the same refusal for the right token as for
 * wrong ones.
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
  // A value in X-API-Key alone is not a guess at the token.
  const seconds = given === undefined ? wrongKeys.record(address) : wrongAdminTokens.record(address);
  return { kind: 'nobody', problem: tooMany(seconds) ?? INVALID };
}

/** @returns undefined if the request has a key, right or wrong */
export function missingKey({ headers }: FastifyRequest): Problem | undefined {
  const presented = presentedKey(headers);
  return 'problem' in presented ? presented.problem : undefined;
}

/** A hook for routes of the administrator. In development, a key of the development organization is accepted too. */
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

/** Answers a request without a valid credential. */
export function refuseNobody(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  return sendProblem(request, reply.header('www-authenticate', 'Bearer'), problem);
}

export const ADMIN_ONLY: Problem = {
  code: 'forbidden',
  detail: 'Only the administrator may do this (Authorization: Bearer ADMIN_TOKEN).',
};

/** Compares digests: they have the same length, and their comparison reveals nothing about the texts. */
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

/** Whether the key of a request is still valid, for answers that take long. */
export function isStillAllowed(authenticator: Authenticator, { headers }: FastifyRequest): () => Promise<boolean> {
  const presented = presentedKey(headers);
  return async () => 'key' in presented && (await authenticator.authenticate(presented.key)) !== undefined;
}

/** The key in `X-API-Key` or `Authorization: Bearer`. Two different keys count as none. */
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
 * Refuses requests from other machines. Development mode has a well-known key and no administrator, so only this machine is
 * served. The addresses of the connection show where a request comes from. The `Host` is checked because a web page can point
 * its own name at loopback (DNS rebinding).
 */
export const requireLoopback: onRequestHookHandler = ({ socket, headers }, _reply, done) => {
  if (isLoopbackConnection(socket) && isLoopbackHost(headers)) return done();
  const detail =
    'In development, only requests from this machine to localhost are served. Set ADMIN_TOKEN to serve others.';
  done(new ProblemError({ code: 'forbidden', detail }));
};
