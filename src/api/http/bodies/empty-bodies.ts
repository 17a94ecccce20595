import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, preValidationHookHandler, RouteOptions } from 'fastify';
import { type ProblemError, problemError } from '../answers/index.ts';

/**
 * Ignores the `Content-Type` of a request without a body, because HTTP libraries send one with DELETE too. A route that needs
 * no body then runs. A route that needs one answers 400: its schema requires a field, or it sets `config.needsBody`.
 */
export function acceptEmptyBodies(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw;
    if (headers['content-type'] !== undefined && isWithoutBody(headers)) delete headers['content-type'];
    done();
  });
  app.addHook('onRoute', (route: RouteOptions) => {
    if (route.schema?.body === undefined) return;
    const isNeeded = needsBody(route);
    // Fastify gives validators null if there is no body, and null is also a valid body.
    const judge: preValidationHookHandler = (request, _reply, done) => {
      if (request.body !== undefined) return done();
      if (isNeeded) return done(bodyMissing());
      request.body = {};
      done();
    };
    route.preValidation = [route.preValidation ?? [], judge].flat();
  });
}

function isWithoutBody(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}

function needsBody({ config, schema }: RouteOptions): boolean {
  const { required = [] } = (schema?.body ?? {}) as { readonly required?: readonly string[] };
  return required.length > 0 || config?.needsBody === true;
}

function bodyMissing(): ProblemError {
  return problemError('invalid_json', 'The body is empty. This request needs one.');
}
