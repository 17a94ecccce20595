import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type FieldError, invalidRequest, PROBLEMS, type Problem, type ProblemCode } from '../../../core/problem.ts';
import type { Log } from '../../../ports/observability/log.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { hasBodyToCome, sendAndLinger } from '../sockets/index.ts';
import { STATUS_CODES } from './node-http.ts';
import { PRIVATE_ANSWER, setAnswerHeaders } from './stamp.ts';

/** Carries a problem from a handler to the error handler, which prints it. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export function problemError(code: ProblemCode, detail: string): ProblemError {
  return new ProblemError({ code, detail });
}

/** The same answer for an id that does not exist, belongs to another organization, or is not a valid id. */
export const NOT_FOUND: Problem = { code: 'not_found', detail: 'No resource has this id.' };

export const NO_SUCH_ADDRESS: Problem = { code: 'not_found', detail: 'This path does not exist.' };

export function invalidField(path: string, message: string): ProblemError {
  return new ProblemError(invalidRequest([{ path, message }]));
}

/** `application/problem+json` (RFC 9457). */
export function problemBody(problem: Problem, requestId: string): string {
  const { status, title } = PROBLEMS[problem.code];
  return JSON.stringify({
    type: `/problems/${problem.code}`,
    title,
    status,
    code: problem.code,
    detail: problem.detail,
    request_id: requestId,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  });
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const { status } = PROBLEMS[problem.code];
  // Fastify does not run the `onSend` hook for a URL that cannot be parsed, so the headers are set here.
  setAnswerHeaders(request, reply);
  reply.code(status).header('content-type', 'application/problem+json').headers(PRIVATE_ANSWER);
  if (problem.retryAfterSeconds !== undefined) reply.header('retry-after', problem.retryAfterSeconds);
  const body = problemBody(problem, request.id);
  if (hasBodyToCome(request.raw)) return sendAndLinger(request, reply, body);
  return reply.send(body);
}

/** A raw answer for a connection without a valid request, on which no route runs. */
export function rawProblem(problem: Problem, requestId: string): string {
  const { status } = PROBLEMS[problem.code];
  const body = problemBody(problem, requestId);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `X-Request-Id: ${requestId}`,
    'X-Response-Time: 0.00ms',
    ...Object.entries(PRIVATE_ANSWER).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

/** Converts an error of a handler into an answer. An unexpected error is logged, and its text is not shown to the client. */
export function createErrorHandler(log: Log) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    sendProblem(request, reply, problemOf(error, log, request.id));
  };
}

/** The problem of a thrown error. An unexpected error is logged. */
export function problemOf(error: unknown, log: Log, requestId: string): Problem {
  const problem = toProblem(error);
  if (problem.code === 'internal') log.error('A request failed', { request_id: requestId }, error);
  return problem;
}

export function unavailable({ retryAfterSeconds }: EngineUnavailable): Problem {
  const detail = 'The database is temporarily unavailable. Nothing of this request was stored. Try again.';
  return { code: 'unavailable', detail, retryAfterSeconds };
}

function toProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof EngineUnavailable) return unavailable(error);
  const { validation, code } = error as FastifyError;
  if (validation !== undefined) return invalidRequest(validation as unknown as FieldError[]);
  return FASTIFY_PROBLEMS[code] ?? { code: 'internal', detail: 'An internal error occurred. It has been logged.' };
}

const FASTIFY_PROBLEMS: Readonly<Record<string, Problem>> = {
  FST_ERR_BAD_URL: { code: 'not_found', detail: 'The URL cannot be parsed.' },
  FST_ERR_MAX_PARAM_LENGTH: NOT_FOUND,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'unsupported_media_type', detail: 'Send application/json.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'bad_request',
    detail: 'The length of the body differs from Content-Length.',
  },
};
