import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  ANSWER_STALL_MS,
  MAX_ANSWER_BYTES_OF_ORGANIZATION,
  MAX_ANSWER_BYTES_OVER_ALL,
  MIN_ANSWER_BYTES_PER_SECOND,
  SMALL_ANSWER_BYTES,
} from '../../../core/limits.ts';
import type { Problem } from '../../../core/problem.ts';
import { ProblemError, problemBody } from '../answers/index.ts';
import { ByteBudget, type Owner } from './byte-budget.ts';
import { textStream } from './text-stream.ts';

/** Longer answers are written in pieces. */
const MIN_STREAMED_CHARACTERS = 256 * 1024;

const ANSWERS_FULL: Problem = {
  code: 'unavailable',
  detail: 'Too many answers are waiting to be read by their clients. Try again in a moment.',
  retryAfterSeconds: 1,
};

/** Counts the bytes of answers that their clients have not read yet. */
export class Answers {
  readonly #budget = new ByteBudget({
    perOrganization: MAX_ANSWER_BYTES_OF_ORGANIZATION,
    overAll: MAX_ANSWER_BYTES_OVER_ALL,
  });

  listen(app: FastifyInstance): void {
    app.addHook('onSend', (request, reply, payload, done) => {
      if ((typeof payload === 'string' || Buffer.isBuffer(payload)) && payload.length >= SMALL_ANSWER_BYTES) {
        done(null, this.#count(request, reply, payload));
      } else done(null, payload);
    });
  }

  /** Refuses a request before it does something that cannot be undone, such as a lease. Throws the problem `unavailable`. */
  refuseWhenFull(owner: Owner): void {
    if (!this.#budget.hasRoom(owner, SMALL_ANSWER_BYTES)) throw new ProblemError(ANSWERS_FULL);
  }

  #count(request: FastifyRequest, reply: FastifyReply, payload: string | Buffer): string | Buffer | Readable {
    const owner = (request.caller as typeof request.caller | undefined)?.organization.id ?? null;
    const charge = this.#budget.open(owner);
    if (request.routeOptions.config.isLease === true) charge.hold(payload.length);
    else if (!charge.set(payload.length)) return this.#refuse(request, reply);
    const { socket } = request.raw;
    const allowedMs = ANSWER_STALL_MS + (payload.length / MIN_ANSWER_BYTES_PER_SECOND) * 1_000;
    const deadline = setTimeout(() => socket.destroy(), allowedMs);
    reply.raw.once('close', () => {
      clearTimeout(deadline);
      charge.close();
    });
    if (typeof payload !== 'string' || payload.length < MIN_STREAMED_CHARACTERS) return payload;
    reply.header('content-length', Buffer.byteLength(payload));
    return textStream(payload);
  }

  #refuse(request: FastifyRequest, reply: FastifyReply): string {
    reply.code(503).header('content-type', 'application/problem+json').header('retry-after', 1);
    return problemBody(ANSWERS_FULL, request.id);
  }
}
