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
 * POST routes that make nothing, where a second time does no harm, or whose key is the event's `dedup_id`. Every other POST
 * is made once under an `Idempotency-Key`.
 */
const NOT_REPEATABLE = [
  /^\/api\/events$/,
  /^\/api\/inbox\//,
  /^\/api\/ack\//,
  /^\/trigger-inbox\/.*\/messages\//,
  /\/match-preview$/,
];

/** Its events have dedup ids of the key: what can't be noted is accepted all the same, as it is without a key. */
const SAFE_WITHOUT_RECORD = '/api/events/batch';

/** Of requests by nobody's API key: the administrator's. No organization has this id. */
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

/** A request that runs under a key. */
export interface Repeatable {
  readonly request: KeyedRequest;
  readonly sealer: Sealer;
  /** False: what was refused now may be taken later, so that the answer is not kept. */
  isFinal: boolean;
}

type Parts = Pick<ApiParts, 'engine' | 'clock' | 'dedupWindowMs' | 'log'>;

export function isRepeatable(method: string, url: string): boolean {
  return method === 'POST' && !NOT_REPEATABLE.some((pattern) => pattern.test(url));
}

/**
 * Honours `Idempotency-Key` on every POST that makes or starts something: the same request again has the first answer, as
 * long as `DEDUP_WINDOW`; another one under the same key is refused. Only successes are kept: what was refused may be
 * corrected and sent again.
 */
export function answerRepeatedRequests(app: FastifyInstance, parts: Parts): void {
  app.decorateRequest('repeatable');
  app.decorateRequest('isRepetition', false);
  app.decorateRequest('actsFor');
  app.addHook('onRoute', (route: RouteOptions) => {
    if (!isRepeatable(String(route.method), route.url)) return;
    // Behind authentication and validation, before the handler.
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
  // A stream is not known before it has been read: its lines stand for themselves (itemDedupId).
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

/** What can't be kept stands in the log: the request is made, and an error would say that it isn't. */
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
    /** Set while it runs under an `Idempotency-Key`. */
    repeatable: Repeatable | undefined;
    /** Its answer is an earlier one's: nothing was done. */
    isRepetition: boolean;
    /** The organization of a key that asks on a route of the administrator's. */
    actsFor: OrganizationId | undefined;
  }
}
