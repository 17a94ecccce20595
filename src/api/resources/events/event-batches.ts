import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { scanJsonList } from '../../../core/json/json-scan.ts';
import { MAX_BATCH_BODY_BYTES, MAX_BATCH_ITEMS } from '../../../core/limits.ts';
import { invalidRequest } from '../../../core/problem.ts';
import type { RateDecision } from '../../../ports/coordination/rate-limiter.ts';
import { originOf, takeTokens } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { NDJSON, ProblemError, problemError } from '../../http/answers/index.ts';
import type { BodyRule } from '../../http/bodies/index.ts';
import type { RequestBodies } from '../../http/budgets/index.ts';
import { idempotencyKey } from '../../idempotency/index.ts';
import { acceptItems, count, type Item, mayChange } from './event-results.ts';
import { NdjsonUpload } from './ndjson-upload.ts';

const NO_BYTES = Buffer.alloc(0);
const BATCH_BODY: BodyRule = { maxBytes: MAX_BATCH_BODY_BYTES, raw: true };

/** Batches of events: a JSON array, or NDJSON of any length. */
export function eventBatchRoutes(app: FastifyInstance, parts: ApiParts, bodies: RequestBodies): void {
  // The body is not read in advance: it is read as it arrives, at the speed at which events are stored.
  app.addContentTypeParser(NDJSON, (_request: FastifyRequest, payload, done) => done(null, payload));

  app.post('/api/events/batch', { config: { body: BATCH_BODY } }, async (request, reply) => {
    const origin = originOf(request);
    const { body = NO_BYTES } = request;
    if (!Buffer.isBuffer(body)) {
      await new NdjsonUpload(parts, request, reply, bodies).run(origin);
      return reply;
    }
    const items = readItems(body);
    const decision = await takeTokens(parts, request, items.length);
    tellLimit(reply, decision);
    const args = { origin, decision, firstIndex: 0, idempotencyKey: idempotencyKey(request) };
    const { results, unavailable } = await acceptItems(parts, items, args);
    if (request.repeatable !== undefined) request.repeatable.isFinal = !mayChange(results);
    const counts = count(results);
    if (unavailable !== undefined && counts.rejected === results.length) throw unavailable;
    return reply.code(202).send({ ...counts, results });
  });
}

function readItems(body: Buffer): Item[] {
  const scan = scanJsonList(body);
  if (scan.kind === 'invalid') throw problemError('invalid_json', `The body is not valid: ${scan.detail}.`);
  if (scan.kind === 'other') {
    throw new ProblemError(invalidRequest([{ path: 'body', message: 'must be a JSON array of events' }]));
  }
  if (scan.items.length > MAX_BATCH_ITEMS) {
    const message = `may have at most ${MAX_BATCH_ITEMS} events; send more as application/x-ndjson`;
    throw new ProblemError(invalidRequest([{ path: 'body', message }]));
  }
  return scan.items.map(({ start, end }) => ({ bytes: body.subarray(start, end) }));
}

function tellLimit(reply: FastifyReply, decision: RateDecision | null): void {
  if (decision === null) return;
  reply
    .header('ratelimit-limit', decision.limit)
    .header('ratelimit-remaining', decision.remaining)
    .header('ratelimit-reset', decision.resetSeconds);
}
