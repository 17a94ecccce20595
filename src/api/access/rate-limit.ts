import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Organization, Tier } from '../../core/administration/organization.ts';
import type { RateDecision, RateLimiter } from '../../ports/coordination/rate-limiter.ts';
import { ProblemError } from '../http/answers/index.ts';

/** What the limits need of the API's context. */
export interface RateLimitParts {
  /** Events a minute; null = no limit. */
  readonly rateLimits: Readonly<Record<Tier, number | null>>;
  readonly engine: { readonly rateLimiter: RateLimiter };
}

/**
 * Takes one token for a request that sends an event, whatever becomes of it, and tells where the bucket stands. Throws
 * the problem `rate_limited`. Answers at once where the limiter does.
 */
export function takeToken(parts: RateLimitParts, request: FastifyRequest, reply: FastifyReply): void | Promise<void> {
  const decision = askLimiter(parts, request.caller.organization, 1);
  if (decision instanceof Promise) return decision.then((decided) => apply(decided, reply));
  apply(decision, reply);
}

/** Null where there is no limit. */
export function askLimiter(
  { rateLimits, engine }: RateLimitParts,
  { id, tier }: Organization,
  tokens: number,
): RateDecision | null | Promise<RateDecision> {
  const perMinute = rateLimits[tier];
  return perMinute === null ? null : engine.rateLimiter.take(id, perMinute, tokens);
}

function apply(decision: RateDecision | null, reply: FastifyReply): void {
  if (decision === null) return;
  reply
    .header('ratelimit-limit', decision.limit)
    .header('ratelimit-remaining', decision.remaining)
    .header('ratelimit-reset', decision.resetSeconds);
  refuseWithout(decision);
}

/** Throws the problem `rate_limited` where no token was granted. */
export function refuseWithout({ granted, limit, retryAfterSeconds }: RateDecision): void {
  if (granted > 0) return;
  throw new ProblemError({
    code: 'rate_limited',
    detail: `Your organization may send ${limit} events a minute.`,
    retryAfterSeconds: Math.max(1, retryAfterSeconds),
  });
}

/** For several events: some may be granted and others not. Null where there is no limit. */
export async function takeTokens(
  parts: RateLimitParts,
  request: FastifyRequest,
  tokens: number,
): Promise<RateDecision | null> {
  return askLimiter(parts, request.caller.organization, tokens);
}
