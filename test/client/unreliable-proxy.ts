import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request on its way: it arrives and its answer does not, or it is refused without arriving. */
export type DatabaseFailure = 'lose_answer' | { readonly status: number; readonly retryAfter?: string };

/** A proxy to a real service that fails as networks and load balancers do, as often as it is told. */
export class UnreliableProxy {
  /** For the next requests, in turn. */
  readonly troubles: DatabaseFailure[] = [];
  /** Those that arrived at the proxy, with `performance.now()`. */
  readonly requests: { readonly path: string; readonly at: number }[] = [];
  readonly #server;

  private constructor(target: string) {
    this.#server = createServer((incoming, outgoing) => {
      this.requests.push({ path: incoming.url ?? '', at: performance.now() });
      const trouble = this.troubles.shift();
      if (typeof trouble === 'object') {
        incoming.resume();
        outgoing.writeHead(
          trouble.status,
          trouble.retryAfter === undefined ? {} : { 'retry-after': trouble.retryAfter },
        );
        outgoing.end('a proxy says so');
        return;
      }
      const onward = request(
        target + incoming.url,
        { method: incoming.method, headers: incoming.headers },
        (answer) => {
          if (trouble === 'lose_answer') {
            answer.resume();
            outgoing.destroy();
            return;
          }
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.destroy());
      outgoing.on('close', () => onward.destroy());
      incoming.pipe(onward);
    });
  }

  static async start(target: string): Promise<UnreliableProxy> {
    const proxy = new UnreliableProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Every connection breaks now; new ones are taken. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
