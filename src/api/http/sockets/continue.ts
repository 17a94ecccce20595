import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Requests whose client waits for `100 Continue` before it sends the body, with their answers. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * `Expect: 100-continue` asks whether the body is wanted (RFC 9110, section 10.1.1). Node says yes at once; here the request
 * goes its way, and who reads the body says so: by then key, length and media type were looked at.
 */
export function askKeysFirst({ server }: FastifyInstance): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response);
    server.emit('request', request, response);
  });
}

/** Of whoever is about to read the body. */
export function sendContinue(message: IncomingMessage): void {
  const response = waiting.get(message);
  if (response === undefined) return;
  waiting.delete(message);
  response.writeContinue();
}
