import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { PROBLEMS, type Problem } from '../../../core/problem.ts';
import { PRIVATE_ANSWER, problemBody, rawProblem } from '../answers/index.ts';
import { readerOf } from '../reading/index.ts';

/** Problems by error code of Node's HTTP parser. Every other code is `bad_request`. */
const PARSER_PROBLEMS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: {
    code: 'headers_too_large',
    detail: 'The request line and headers may have at most 16 KiB in total.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: 'The headers must arrive within 10 seconds.' },
};
const BAD_REQUEST: Problem = { code: 'bad_request', detail: 'The request is not valid HTTP/1.1.' };

const UNKNOWN_EXPECTATION: Problem = {
  code: 'expectation_failed',
  detail: 'Only `Expect: 100-continue` is supported.',
};

/** Answers connections without a valid request with a problem, and closes them. */
export function answerBrokenConnections(app: FastifyInstance): void {
  const { server } = app;
  /** The answer to the last request of a connection. The broken bytes arrived after that request. */
  const lastAnswers = new WeakMap<Socket, ServerResponse>();
  server.on('request', (request, response) => void lastAnswers.set(request.socket, response));
  server.removeAllListeners('clientError');
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    readerOf(socket)?.drop();
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const answer = () => {
      if (socket.writable) socket.end(rawProblem(PARSER_PROBLEMS[error.code ?? ''] ?? BAD_REQUEST, randomUUID()));
      socket.destroySoon();
    };
    const last = lastAnswers.get(socket);
    // The body of the request in progress is broken, and no other code will answer it.
    if (last === undefined || last.writableFinished || last.destroyed || !last.req.complete) answer();
    else last.once('finish', answer).once('close', () => socket.destroySoon());
  });
  server.on('checkExpectation', (_request, response) => {
    const requestId = randomUUID();
    const body = problemBody(UNKNOWN_EXPECTATION, requestId);
    response.writeHead(PROBLEMS.expectation_failed.status, {
      'content-type': 'application/problem+json',
      'content-length': Buffer.byteLength(body),
      'x-request-id': requestId,
      ...PRIVATE_ANSWER,
      connection: 'close',
    });
    response.end(body);
  });
  // Without a listener Node closes the connection without an answer.
  server.on('connect', (_request, socket) => {
    socket.end(rawProblem({ code: 'bad_request', detail: 'This service is not a proxy.' }, randomUUID()));
  });
}
