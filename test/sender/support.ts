import { createServer, type Server, type Socket } from 'node:net';
import type { AttemptOutcome } from '../../src/core/delivery/delivery.ts';
import type { EndpointId } from '../../src/core/ids.ts';
import { timestamp } from '../../src/core/time.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { OutgoingRequest, Sender } from '../../src/ports/sender.ts';
import { createSender, type SenderOptions } from '../../src/sender/sender.ts';
import { HANG_MS } from '../support/hang.ts';

export const clock: Clock = { now: () => timestamp(Date.now()), monotonicMs: () => performance.now() };

/** As in production: nothing is opened. */
export function guardedSender(options: Partial<SenderOptions> = {}): Sender & AsyncDisposable {
  const sender = createSender({ allowedNetworks: [], allowLoopback: false, httpsOnly: false, clock, ...options });
  return Object.assign(sender, { [Symbol.asyncDispose]: () => sender.close(0) });
}

/** As in development: receivers on this machine are allowed. */
export function openSender(options: Partial<SenderOptions> = {}): Sender & AsyncDisposable {
  return guardedSender({ allowLoopback: true, ...options });
}

export function request(url: string, changes: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return {
    endpointId: 'endpoint' as EndpointId,
    url,
    headers: { 'content-type': 'application/json' },
    body: '{"type":"a","data":1}',
    timeoutMs: HANG_MS,
    ...changes,
  };
}

export function post(sender: Sender, url: string, changes: Partial<OutgoingRequest> = {}): Promise<AttemptOutcome> {
  return sender.send(request(url, changes));
}

/** A TCP server that speaks what a test wants it to speak. */
export interface RawReceiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Connections accepted so far. */
  readonly connects: number;
  /** Connections open now. */
  readonly open: number;
  /** Whole requests seen so far, each as its text. */
  readonly requests: readonly string[];
  until(isReached: () => boolean): Promise<void>;
}

/**
 * @param answer called for each whole request (head and body by Content-Length) on a connection
 */
export async function rawReceiver(
  answer: (socket: Socket, requestNumber: number) => void,
  options: { host?: string; port?: number; onConnect?: (socket: Socket) => void } = {},
): Promise<RawReceiver> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  let connects = 0;
  const server = createServer((socket) => {
    connects += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    options.onConnect?.(socket);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let whole = cutRequest(text); whole !== undefined; whole = cutRequest(text)) {
        requests.push(whole);
        text = text.slice(whole.length);
        answer(socket, requests.length);
      }
    });
  });
  const port = await listen(server, options.host ?? '127.0.0.1', options.port);
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    requests,
    get connects() {
      return connects;
    },
    get open() {
      return sockets.size;
    },
    until,
    [Symbol.asyncDispose]: () => stop(server, sockets),
  };
}

export async function listen(server: Server, host: string, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}

function cutRequest(text: string): string | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const length = Number(/content-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? 0);
  const end = headEnd + 4 + length;
  return text.length < end ? undefined : text.slice(0, end);
}

/** Looks again and again until it is so; a test that waits for ever is stopped by its own time limit. */
export async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await pause(5);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function stop(server: Server, sockets: Iterable<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}
