import type { onRequestHookHandler } from 'fastify';
import { sendProblem } from '../answers/index.ts';
import { countHeader } from '../bodies/index.ts';
import { endAfterAnswer, isEnding } from '../sockets/index.ts';

/**
 * The first check of a request: nothing runs on a connection that ends, and HTTP/1.1 requires exactly one Host (RFC 9112, 3.2).
 */
export const enforceConnectionRules: onRequestHookHandler = (request, reply, done) => {
  if (isEnding(request)) {
    reply.hijack();
    return;
  }
  const { rawHeaders, httpVersion } = request.raw;
  const hosts = countHeader(rawHeaders, 'host');
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) {
    endAfterAnswer(request);
    reply.header('connection', 'close');
    sendProblem(request, reply, { code: 'bad_request', detail: 'Send one Host header.' });
    return;
  }
  done();
};
