import type { FastifyInstance, HTTPMethods } from 'fastify';
import { PROBLEMS } from '../core/problem.ts';
import { sendProblem } from './problems.ts';

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

/**
 * Fastify answers 404 where an address exists with another method; HTTP wants 405 with `Allow` (RFC 9110, 15.5.6).
 * Listens to the routes as they are added; `close` adds the rest of the methods to each address.
 */
export function refuseOtherMethods(app: FastifyInstance): { close(): void } {
  const known = new Map<string, Set<HTTPMethods>>();
  let open = true;
  app.addHook('onRoute', ({ url, method }) => {
    if (!open) return;
    const methods = known.get(url) ?? new Set<HTTPMethods>();
    for (const each of [method].flat()) methods.add(each as HTTPMethods);
    known.set(url, methods);
  });
  return {
    close() {
      open = false;
      for (const [url, methods] of known) refuseOthers(app, url, methods);
    },
  };
}

function refuseOthers(app: FastifyInstance, url: string, methods: ReadonlySet<HTTPMethods>): void {
  const allow = METHODS.filter((method) => methods.has(method)).join(', ');
  app.route({
    method: METHODS.filter((method) => !methods.has(method)),
    url,
    // Before the body is read: nobody wants it.
    onRequest: (request, reply) => {
      reply.header('allow', allow);
      const detail = `${request.method} is not possible here; ${allow} ${methods.size > 1 ? 'are' : 'is'}.`;
      sendProblem(request, reply, { code: 'method_not_allowed', detail });
    },
    handler: (_request, reply) => reply.code(PROBLEMS.method_not_allowed.status).send(),
  });
}
