import { hash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { OrganizationId } from '../../core/ids.ts';
import { IDEMPOTENT_REQUEST_MS, MAX_IDEMPOTENT_ANSWER_CHARACTERS } from '../../core/limits.ts';
import type { Problem } from '../../core/problem.ts';
import { addMs } from '../../core/time.ts';
import type { KeptAnswer, KeyedRequest } from '../../ports/store/idempotency-store.ts';
import { EngineUnavailable } from '../../ports/unavailable.ts';
import { presentedKey } from '../access/index.ts';
import type { ApiParts } from '../context.ts';
import { ProblemError } from '../http/answers/index.ts';
import { idempotencyKey } from './key.ts';
import { type Sealer, seal, unseal } from './sealed-answer.ts';

/**
 * POST routes without stored answers: they create nothing, may be repeated without harm, or use the key as the event's
 * `dedup_id`. Every other POST runs once under an `Idempotency-Key`.
 */
const NOT_REPEATABLE = [
  /^\/api\/events$/,
  /^\/api\/inbox\//,
  /^\/api\/ack\//,
  /^\/trigger-inbox\/.*\/messages\//,
  /\/match-preview$/,
];

/** The batch route derives the dedup ids of its events from the key. It therefore works while the key cannot be stored. */
const SAFE_WITHOUT_RECORD = '/api/events/batch';

/** Owner of the administrator's requests, which have no API key. No organization has this id. */
const ADMINISTRATOR = '00000000-0000-0000-0000-000000000000' as OrganizationId;

const REUSED: Problem = {
  code: 'idempotency_key_reused',
  detail: 'This Idempotency-Key was used for another request. Use a new key for a new request.',
};
const RUNNING: Problem = {
  code: 'conflict',
  detail: 'The first request with this Idempotency-Key is still in progress.',
  retryAfterSeconds: 1,
};
const OF_ANOTHER_KEY: Problem = {
  code: 'conflict',
  detail: 'The first request was made with another API key. Only that key can read its answer.',
};

/** A request in progress under an `Idempotency-Key`. */
export interface Repeatable {
  readonly request: KeyedRequest;
  readonly sealer: Sealer;
  /** False = some items were refused temporarily, so the answer is not stored. */
  isFinal: boolean;
}

type Parts = Pick<ApiParts, 'engine' | 'clock' | 'dedupWindowMs' | 'log'>;

export function isRepeatable(method: string, url: string): boolean {
  return method === 'POST' && !NOT_REPEATABLE.some((pattern) => pattern.test(url));
}

/**
 * Implements `Idempotency-Key` for every POST that creates or starts something. Within `DEDUP_WINDOW`, the same request gets
 * the first answer, and another request with the same key is refused. Only successful answers are stored: a refused request may
 * be corrected and sent again under its key.
 *
 *   begun ──success──► done ──same request──► first answer
 *     │                   └────other request──► 422
 *     ├──refused──► (forgotten)
 *     └──same request meanwhile──► 409; after 60 s without an answer it begins again
 */
export function answerRepeatedRequests(app: FastifyInstance, parts: Parts): void {
  app.decorateRequest('repeatable');
  app.decorateRequest('isRepetition', false);
  app.decorateRequest('actsFor');
  app.addHook('onRoute', (route: RouteOptions) => {
    if (!isRepeatable(String(route.method), route.url)) return;
    // Runs after authentication and validation, before the handler.
    route.preHandler = [
      route.preHandler ?? [],
      (request: FastifyRequest, reply: FastifyReply) => begin(parts, request, reply),
    ].flat();
    route.onSend = [
      route.onSend ?? [],
      async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
        if (request.repeatable !== undefined) await end(parts, request.repeatable, reply, payload);
        return payload;
      },
    ].flat();
  });
}

async function begin(parts: Parts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const key = idempotencyKey(request);
  // The content of a stream is not known in advance. Each of its lines has a dedup id instead (itemDedupId).
  if (key === null || isStream(request.body)) return undefined;
  const { engine, clock, dedupWindowMs } = parts;
  const keyed = keyedRequest(request, key);
  const sealer = { idempotencyKey: key, credential: credentialOf(request) };
  const at = clock.now();
  const bounds = { at, expired: addMs(at, -dedupWindowMs), abandoned: addMs(at, -IDEMPOTENT_REQUEST_MS) };
  const outcome = await engine.store.idempotency.begin(keyed, bounds).catch((error: unknown) => {
    if (error instanceof EngineUnavailable && request.routeOptions.url === SAFE_WITHOUT_RECORD) return undefined;
    throw error;
  });
  if (outcome === undefined) return undefined;
  switch (outcome.kind) {
    case 'begun':
      request.repeatable = { request: keyed, sealer, isFinal: true };
      return undefined;
    case 'running':
      throw new ProblemError(RUNNING);
    case 'other':
      throw new ProblemError(REUSED);
    case 'done':
      return again(request, reply, outcome.answer, sealer);
  }
}

function again(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, sealed }: KeptAnswer,
  sealer: Sealer,
): FastifyReply {
  const answer = unseal(sealed, sealer);
  if (answer === undefined) throw new ProblemError(OF_ANOTHER_KEY);
  request.isRepetition = true;
  return reply
    .code(status)
    .header('idempotent-replayed', 'true')
    .header('content-type', answer.contentType)
    .send(answer.body);
}

/**
 * Stores the answer. If that fails it is logged, and the request still succeeds: its work is done, and an error would say that
 * it is not.
 */
async function end(
  parts: Parts,
  { request, sealer, isFinal }: Repeatable,
  reply: FastifyReply,
  payload: unknown,
): Promise<void> {
  const { idempotency } = parts.engine.store;
  const isKept =
    isFinal &&
    reply.statusCode < 300 &&
    typeof payload === 'string' &&
    payload.length <= MAX_IDEMPOTENT_ANSWER_CHARACTERS;
  try {
    if (!isKept) return await idempotency.forget(request);
    const answer = { contentType: String(reply.getHeader('content-type') ?? ''), body: payload };
    await idempotency.finish(request, { status: reply.statusCode, sealed: seal(answer, sealer) });
  } catch (error) {
    parts.log.warn('The answer to a request with an Idempotency-Key could not be stored', {}, error);
  }
}

function keyedRequest(request: FastifyRequest, key: string): KeyedRequest {
  const { routeOptions, params, query, body, method } = request;
  const what = JSON.stringify([method, routeOptions.url, params, query]);
  const sent = Buffer.isBuffer(body) ? hash('sha256', body, 'hex') : JSON.stringify(body ?? null);
  const caller = request.caller as FastifyRequest['caller'] | undefined;
  return {
    organizationId: request.actsFor ?? caller?.organization.id ?? ADMINISTRATOR,
    keySha256: hash('sha256', key, 'hex'),
    fingerprint: hash('sha256', `${what}\n${sent}`, 'hex'),
    holder: randomUUID(),
  };
}

function credentialOf({ headers }: FastifyRequest): string {
  const presented = presentedKey(headers);
  return 'key' in presented ? presented.key : '';
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'pipe' in body && typeof body.pipe === 'function';
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set while the request runs under an `Idempotency-Key`. */
    repeatable: Repeatable | undefined;
    /** True if the answer is a stored one, and nothing was done. */
    isRepetition: boolean;
    /** The organization of a key that uses a route of the administrator. */
    actsFor: OrganizationId | undefined;
  }
}
