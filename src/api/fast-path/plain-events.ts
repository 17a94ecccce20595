import type { Organization, Scope } from '../../core/administration/organization.ts';
import type { EventInput } from '../../core/events/event-request.ts';
import { readEventRequest } from '../../core/events/event-request.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Caller } from '../../pipeline/access/index.ts';
import type { RateDecision } from '../../ports/coordination/rate-limiter.ts';
import {
  isLoopbackHost,
  mayUse,
  presentedKey,
  readTraceparent,
  refuseWithout,
  takeFromLimiter,
} from '../access/index.ts';
import type { ApiParts } from '../context.ts';
import { problemOf, recordRequest, requestIdOf } from '../http/answers/index.ts';
import { eventAnswer } from '../resources/events/index.ts';
import { type Answer, AnswerPrinter } from './answer-printer.ts';
import type { PlainAnswer, PlainOutcome } from './connection.ts';
import type { PlainRequest } from './plain-request.ts';

const ROUTE = '/api/events';
const PUBLISH: readonly Scope[] = ['publish'];

/**
 * Accepts the events of plain requests. A request that Fastify's route would refuse is `unusual`: nothing is done with it here,
 * and Fastify refuses it.
 */
export class PlainEvents {
  readonly #parts: ApiParts;
  readonly #printer: AnswerPrinter;

  constructor(parts: ApiParts) {
    this.#parts = parts;
    this.#printer = new AnswerPrinter(parts.clock);
  }

  /** @param arrivedAt monotonic */
  handle(request: PlainRequest, arrivedAt: Milliseconds): PlainOutcome {
    const { phase, loopbackOnly, authenticator } = this.#parts;
    if (phase() !== 'ready' || (loopbackOnly && !isLoopbackHost(request.headers))) return 'unusual';
    const presented = presentedKey(request.headers);
    if ('problem' in presented) return 'unusual';
    const caller = authenticator.authenticate(presented.key);
    if (!(caller instanceof Promise)) {
      const answer = this.#begin(request, caller, arrivedAt);
      return answer === 'unusual' ? answer : { answer, isCertain: true };
    }
    return { answer: this.#beginWith(caller, request, arrivedAt), isCertain: false };
  }

  /** The same for a key that has to be looked up. */
  async #beginWith(
    caller: Promise<Caller | undefined>,
    request: PlainRequest,
    arrivedAt: Milliseconds,
  ): Promise<PlainAnswer | 'unusual'> {
    try {
      return await this.#begin(request, await caller, arrivedAt);
    } catch {
      return 'unusual';
    }
  }

  #begin(request: PlainRequest, caller: Caller | undefined, arrivedAt: Milliseconds): 'unusual' | Promise<PlainAnswer> {
    if (caller === undefined || !mayUse(caller.key.scopes, PUBLISH)) return 'unusual';
    const { organization } = caller;
    const key = request.headers['idempotency-key'];
    const read = readEventRequest(request.body, typeof key === 'string' ? key : null, this.#parts.clock.now());
    if (read.kind === 'refused') return 'unusual';
    const decision = takeFromLimiter(this.#parts, organization, 1);
    return this.#accept({ request, input: read.input, organization, arrivedAt }, decision);
  }

  async #accept(
    args: { request: PlainRequest; input: EventInput; organization: Organization; arrivedAt: Milliseconds },
    taken: RateDecision | null | Promise<RateDecision>,
  ): Promise<PlainAnswer> {
    const { request, input, organization, arrivedAt } = args;
    const { acceptor, clock, log, phase } = this.#parts;
    const requestId = requestIdOf(request);
    let decision: RateDecision | null = null;
    let answer: Answer;
    try {
      decision = taken instanceof Promise ? await taken : taken;
      if (decision !== null) refuseWithout(decision);
      const traceparent = readTraceparent(request.headers['traceparent']);
      answer = eventAnswer(await acceptor.accept(input, { organizationId: organization.id, traceparent, hops: 0 }));
    } catch (error) {
      answer = { problem: problemOf(error, log, requestId) };
    }
    const tookMs = clock.monotonicMs() - arrivedAt;
    const isLast = phase() !== 'ready';
    const { text, status, encoding } = this.#printer.print(answer, { requestId, tookMs, decision, isLast });
    recordRequest(this.#parts, ROUTE, { method: 'POST', url: ROUTE, requestId, status, tookMs, mayWait: false });
    return { text, encoding, isLast };
  }
}
