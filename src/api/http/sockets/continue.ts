import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Requests whose clients wait for `100 Continue` before they send the body, with their responses. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * Delays the answer to `Expect: 100-continue` (RFC 9110, section 10.1.1). Node sends it at once. Here the reader of the body
 * sends it, after key, length and media type were checked.
 */
export function askKeysFirst({ server }: FastifyInstance): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response);
    server.emit('request', request, response);
  });
}

/** Sends `100 Continue`. The reader of a body calls it before it reads. */
export function sendContinue(message: IncomingMessage): void {
  const response = waiting.get(message);
  if (response === undefined) return;
  waiting.delete(message);
  response.writeContinue();
}
