import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { MAX_BODY_BYTES_OF_ORGANIZATION, MAX_BODY_BYTES_OVER_ALL } from '../../../core/limits.ts';
import type { Problem } from '../../../core/problem.ts';
import { readerOf } from '../reading/index.ts';
import { ByteBudget, type Charge } from './byte-budget.ts';

export const BODIES_FULL: Problem = {
  code: 'unavailable',
  detail: 'Too many request bodies are being read at once. Try again in a moment.',
  retryAfterSeconds: 1,
};

/**
 * Counts the bytes of request bodies from the first byte until the answer, because a handler keeps the body that long. The
 * organization is known before the first byte is read: the key is checked first.
 */
export class RequestBodies {
  readonly #budget = new ByteBudget({
    perOrganization: MAX_BODY_BYTES_OF_ORGANIZATION,
    overAll: MAX_BODY_BYTES_OVER_ALL,
  });
  readonly #charges = new WeakMap<IncomingMessage, Charge>();

  /** Opens a charge for each request that may have a body, and closes it when the answer was sent. */
  listen(app: FastifyInstance): void {
    app.addHook('preParsing', (request, reply, payload, done) => {
      const { headers } = request.raw;
      if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
        const owner = (request.caller as typeof request.caller | undefined)?.organization.id ?? null;
        readerOf(request.raw.socket)?.belongsTo(owner);
        const charge = this.#budget.open(owner);
        this.#charges.set(request.raw, charge);
        reply.raw.once('close', () => charge.close());
      }
      done(null, payload);
    });
  }

  of(message: IncomingMessage): Charge {
    return this.#charges.get(message) ?? this.#budget.open(null);
  }
}
