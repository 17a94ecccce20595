import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Span } from '../../src/app/tracing/span.ts';
import type { Cleanup } from './service.ts';

interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Span['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

interface Received {
  readonly body: TraceRequest;
  readonly headers: IncomingHttpHeaders;
}

/** Takes OTLP over HTTP in JSON, as a collector does. */
export class TraceCollector {
  readonly url: string;
  readonly #received: readonly Received[];

  private constructor(url: string, received: readonly Received[]) {
    this.url = url;
    this.#received = received;
  }

  static async start(cleanup: Cleanup, status = 200): Promise<TraceCollector> {
    const received: Received[] = [];
    const server = createServer((request, response) => {
      if (request.method !== 'POST' || request.url !== '/v1/traces') return void response.writeHead(404).end();
      void json(request).then((body) => {
        received.push({ body: body as TraceRequest, headers: request.headers });
        response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanup.after(async () => {
      server.closeAllConnections();
      server.close();
    });
    return new TraceCollector(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, received);
  }

  get spans(): readonly Span[] {
    return this.#resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  }

  spansOf(traceId: string): readonly Span[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  /** Of which roles spans of a trace came. */
  rolesOf(traceId: string): ReadonlyMap<string, string> {
    return new Map(
      this.#resourceSpans.flatMap(({ resource, scopeSpans }) =>
        scopeSpans.flatMap(({ spans }) =>
          spans
            .filter((span) => span.traceId === traceId)
            .map((span): [string, string] => [span.name, attribute(resource, 'triggers.role') ?? '']),
        ),
      ),
    );
  }

  get headers(): IncomingHttpHeaders | undefined {
    return this.#received.at(-1)?.headers;
  }

  get #resourceSpans() {
    return this.#received.flatMap(({ body }) => body.resourceSpans);
  }
}

export function spanOf(spans: readonly Span[], name: string): Span {
  const found = spans.find((span) => span.name === name);
  if (found === undefined)
    throw new Error(`There is no span ${name} among ${spans.map((span) => span.name).join(', ')}`);
  return found;
}

export function attribute({ attributes }: Pick<Span, 'attributes'>, key: string): string | undefined {
  const value = attributes.find((item) => item.key === key)?.value;
  if (value === undefined) return undefined;
  return 'stringValue' in value ? value.stringValue : value.intValue;
}
