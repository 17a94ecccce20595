import type { FastifyRequest } from 'fastify';
import { MAX_HOPS } from '../../core/limits.ts';
import type { Origin } from '../../pipeline/accepting/index.ts';
import { ProblemError } from '../http/answers/index.ts';

/** The origin of an event: organization, trace and number of hops. Throws `loop_detected`. */
export function originOf(request: FastifyRequest): Origin {
  const hops = Number(request.headers['x-triggers-hops'] ?? 0);
  if (hops > MAX_HOPS) {
    throw new ProblemError({
      code: 'loop_detected',
      detail: `This event has passed through webhooks of this service more than ${MAX_HOPS} times.`,
    });
  }
  return {
    organizationId: request.caller.organization.id,
    traceparent: readTraceparent(request.headers['traceparent']),
    hops: Number.isInteger(hops) && hops > 0 ? hops : 0,
  };
}

/** Version 00 of W3C Trace Context; any other form is ignored. */
export function readTraceparent(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(header)
    ? header
    : null;
}

/**
 * Refuses a webhook of this service at a route that redelivers events: it would send itself forever. A receiver's own request
 * does not have the header. Throws `loop_detected`.
 */
export async function refuseOwnWebhooks({ headers }: FastifyRequest): Promise<void> {
  if (headers['x-triggers-hops'] === undefined) return;
  throw new ProblemError({
    code: 'loop_detected',
    detail: 'A request from a webhook of this service cannot redeliver events.',
  });
}
