import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a process and a server, and breaks what goes through. */
export class TcpProxy {
  /** Bytes of answers after which a connection is cut in the middle of what it says; undefined = never. */
  cutAfterBytes: (() => number) | undefined;
  #stalled = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer((client) => this.#join(client, connect(target.port, target.host)));
  }

  static async start(target: { host: string; port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts every connection there is, in the middle of whatever it says. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Nothing gets through any more, and nothing is closed: a server that stands still, a network that is gone. */
  stall(): void {
    this.#stalled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** What was on its way arrives, late. */
  goOn(): void {
    this.#stalled = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.cutAll();
    await once(this.#server, 'close');
  }

  #join(client: Socket, server: Socket): void {
    let left = this.cutAfterBytes?.() ?? Number.POSITIVE_INFINITY;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      if (this.#stalled) from.pause();
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on('data', (chunk) => {
        if (from === server) left -= chunk.length;
        if (left > 0) to.write(chunk);
        else {
          to.write(chunk.subarray(0, Math.max(0, chunk.length + left)));
          client.resetAndDestroy();
          server.destroy();
        }
      });
    }
  }
}
