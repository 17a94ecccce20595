import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HANG_MS } from './hang.ts';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** `performance.now()` when the body was complete. */
  readonly at: number;
}

type Answer = (received: ReceivedRequest, response: ServerResponse, request: IncomingMessage) => void;

/** A webhook receiver on loopback that remembers what it got. */
export class Receiver {
  readonly requests: ReceivedRequest[] = [];
  readonly #server;
  readonly #waiting = new Set<() => void>();
  /** May be changed while it runs. */
  answer: Answer;

  private constructor(answer: Answer) {
    this.answer = answer;
    this.#server = createServer((request, response) => this.#take(request, response));
  }

  static async start(answer: Answer = (_received, response) => void response.writeHead(204).end()): Promise<Receiver> {
    const receiver = new Receiver(answer);
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when `count` requests have come; fails after `timeoutMs`. */
  async waitFor(count: number, timeoutMs = HANG_MS): Promise<readonly ReceivedRequest[]> {
    const deadline = Date.now() + timeoutMs;
    while (this.requests.length < count) {
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`only ${this.requests.length} of ${count} requests came within ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, leftMs);
        const waiting = this.#waiting;
        function done(): void {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        }
        waiting.add(done);
      });
    }
    return this.requests;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received = {
        path: request.url ?? '',
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks),
        at: performance.now(),
      };
      this.requests.push(received);
      this.answer(received, response, request);
      for (const wake of [...this.#waiting]) wake();
    });
  }
}
