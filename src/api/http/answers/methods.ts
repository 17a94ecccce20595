import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { PROBLEMS } from '../../../core/problem.ts';
import { METHODS } from './node-http.ts';
import { NO_SUCH_ADDRESS, sendProblem } from './problems.ts';

/** In the order of the `Allow` header. */
const ORDER = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Answers every request without a route, before its body is read: 405 with `Allow` if the path exists with other methods (RFC
 * 9110, 15.5.6), else 404. Fastify itself answers 404 in both cases, and 400 to `QUERY` without a `Content-Type`. It collects
 * the routes as they are added; call `close` after the last one.
 */
export function refuseUnknownRoutes(app: FastifyInstance): { close(): void } {
  const known = new KnownAddresses();
  // A method that Fastify does not know would reach no hook, so all methods are added.
  for (const method of METHODS) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  }
  let isOpen = true;
  app.addHook('onRoute', ({ url, method }) => {
    if (isOpen) for (const each of [method].flat()) known.add(url, each);
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const methods = known.methodsAt(request.url);
    if (methods === undefined) sendProblem(request, reply, NO_SUCH_ADDRESS);
    else refuse(request, reply, methods);
  });
  return {
    close() {
      isOpen = false;
      for (const { url, methods, others } of known.shadowed()) {
        app.route({
          method: others as HTTPMethods[],
          url,
          onRequest: (request, reply) => refuse(request, reply, methods),
          handler: (_request, reply) => reply.code(PROBLEMS.method_not_allowed.status).send(),
        });
      }
    },
  };
}

function refuse(request: FastifyRequest, reply: FastifyReply, methods: ReadonlySet<string>): void {
  const allow = ORDER.filter((method) => methods.has(method)).join(', ');
  const detail = `${request.method} is not allowed for this path; ${allow} ${methods.size > 1 ? 'are' : 'is'}.`;
  sendProblem(request, reply.header('allow', allow), { code: 'method_not_allowed', detail });
}

interface KnownAddress {
  readonly url: string;
  /** Undefined = a parameter. */
  readonly segments: readonly (string | undefined)[];
  readonly methods: Set<string>;
}

/** Methods by path. The list is searched linearly, because only refused requests need it. */
class KnownAddresses {
  readonly #byUrl = new Map<string, KnownAddress>();

  add(url: string, method: string): void {
    const address = this.#byUrl.get(url) ?? {
      url,
      segments: segmentsOf(url).map((segment) => (segment.startsWith(':') ? undefined : segment)),
      methods: new Set<string>(),
    };
    address.methods.add(method);
    this.#byUrl.set(url, address);
  }

  /** The methods of the best matching path: `/api/events/replay` is not the id of an event. */
  methodsAt(url: string): ReadonlySet<string> | undefined {
    // A proxy's client sends the whole URL (RFC 9112, 3.2.2).
    const path = url.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] ?? '';
    const [best] = this.#fitting(segmentsOf(path).map(decoded));
    return best?.methods;
  }

  /** Paths that another path with a parameter would match for methods that they do not have themselves. */
  shadowed(): { readonly url: string; readonly methods: ReadonlySet<string>; readonly others: readonly string[] }[] {
    return [...this.#byUrl.values()].flatMap(({ url, segments, methods }) => {
      if (segments.includes(undefined)) return [];
      const alike = this.#fitting(segments.map((segment) => segment ?? ''));
      const others = new Set(alike.flatMap((address) => [...address.methods]).filter((method) => !methods.has(method)));
      return others.size === 0 ? [] : [{ url, methods, others: [...others] }];
    });
  }

  /** Matching paths, those with the fewest parameters first. */
  #fitting(given: readonly string[]): KnownAddress[] {
    return [...this.#byUrl.values()]
      .filter(({ segments }) => fits(segments, given))
      .sort((a, b) => parameters(a) - parameters(b));
  }
}

function parameters({ segments }: KnownAddress): number {
  return segments.filter((segment) => segment === undefined).length;
}

/** A trailing slash is ignored, as in the router. */
function segmentsOf(path: string): string[] {
  const whole = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  return whole.split('/');
}

function fits(segments: readonly (string | undefined)[], given: readonly string[]): boolean {
  return (
    segments.length === given.length &&
    segments.every((segment, at) => (segment === undefined ? given[at] !== '' : segment === given[at]))
  );
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
