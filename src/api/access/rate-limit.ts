import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Organization, Tier } from '../../core/administration/organization.ts';
import type { RateDecision, RateLimiter } from '../../ports/coordination/rate-limiter.ts';
import { ProblemError } from '../http/answers/index.ts';

/** The parts that the rate limit needs. */
export interface RateLimitParts {
  /** In events a minute; null = no limit. */
  readonly rateLimits: Readonly<Record<Tier, number | null>>;
  readonly engine: { readonly rateLimiter: RateLimiter };
}

/**
 * Takes one token for a request that sends an event, whatever its outcome, and sets the `RateLimit` headers. Returns a promise
 * only if the limiter does. Throws the problem `rate_limited`.
 */
export function takeToken(parts: RateLimitParts, request: FastifyRequest, reply: FastifyReply): void | Promise<void> {
  const decision = takeFromLimiter(parts, request.caller.organization, 1);
  if (decision instanceof Promise) return decision.then((decided) => apply(decided, reply));
  apply(decision, reply);
}

/** @returns null if there is no limit */
export function takeFromLimiter(
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

/** Throws the problem `rate_limited` if no token was granted. */
export function refuseWithout({ granted, limit, retryAfterSeconds }: RateDecision): void {
  if (granted > 0) return;
  throw new ProblemError({
    code: 'rate_limited',
    detail: `Your organization may send ${limit} events a minute.`,
    retryAfterSeconds: Math.max(1, retryAfterSeconds),
  });
}

/**
 * Takes tokens for several events; fewer may be granted than requested.
 * @returns null if there is no limit
 */
export async function takeTokens(
  parts: RateLimitParts,
  request: FastifyRequest,
  tokens: number,
): Promise<RateDecision | null> {
  return takeFromLimiter(parts, request.caller.organization, tokens);
}
