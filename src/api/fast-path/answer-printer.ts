import { KEEP_ALIVE_MS } from '../../core/limits.ts';
import { PROBLEMS, type Problem } from '../../core/problem.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RateDecision } from '../../ports/coordination/rate-limiter.ts';
import { JSON_TYPE, PRIVATE_ANSWER, problemBody, STATUS_CODES } from '../http/answers/index.ts';
import type { EventAnswer } from '../resources/events/index.ts';
import type { PlainAnswer } from './connection.ts';

export type Answer = EventAnswer | { readonly problem: Problem };

interface Stamp {
  readonly requestId: string;
  readonly tookMs: Milliseconds;
  /** Null if there is no limit, or the limiter was not asked. */
  readonly decision: RateDecision | null;
  readonly isLast: boolean;
}

const KEEP_ALIVE = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1_000}\r\n`;
const PRIVATE = Object.entries(PRIVATE_ANSWER)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const CLOSE = 'Connection: close\r\n';

/** Prints answers with the same headers, in the same order, as Node's server. */
export class AnswerPrinter {
  readonly #clock: Clock;
  #date = '';
  #dateSecond = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  print(answer: Answer, stamp: Stamp): Printed {
    const { status, type, body, more } = 'problem' in answer ? problemParts(answer.problem, stamp) : eventParts(answer);
    const length = Buffer.byteLength(body);
    const text =
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${rateFields(stamp.decision)}content-type: ${type}\r\n${more}` +
      `x-request-id: ${stamp.requestId}\r\nx-response-time: ${stamp.tookMs.toFixed(2)}ms\r\n` +
      `${PRIVATE}content-length: ${length}\r\nDate: ${this.#now()}\r\n${stamp.isLast ? CLOSE : KEEP_ALIVE}\r\n${body}`;
    return { text, status, encoding: length === body.length ? 'latin1' : 'utf8' };
  }

  /** IMF-fixdate (RFC 9110, section 5.6.7), printed once a second. */
  #now(): string {
    const second = Math.trunc(this.#clock.now() / 1_000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#date = new Date(second * 1_000).toUTCString();
    }
    return this.#date;
  }
}

interface Printed extends Pick<PlainAnswer, 'text' | 'encoding'> {
  readonly status: number;
}

interface Parts {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly more: string;
}

function eventParts({ status, body }: EventAnswer): Parts {
  return { status, type: JSON_TYPE, body, more: '' };
}

function problemParts(problem: Problem, { requestId }: Stamp): Parts {
  const { retryAfterSeconds } = problem;
  const more = retryAfterSeconds === undefined ? '' : `retry-after: ${retryAfterSeconds}\r\n`;
  const body = problemBody(problem, requestId);
  return { status: PROBLEMS[problem.code].status, type: 'application/problem+json', body, more };
}

function rateFields(decision: RateDecision | null): string {
  if (decision === null) return '';
  const { limit, remaining, resetSeconds } = decision;
  return `ratelimit-limit: ${limit}\r\nratelimit-remaining: ${remaining}\r\nratelimit-reset: ${resetSeconds}\r\n`;
}
