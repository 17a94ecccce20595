import { Server, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';

/**
 * Quiet time before the listener is closed. Closing it would reset connections that the kernel has accepted and the loop has
 * not. The loop accepts one a turn, so fifty of them need half a second under load. If none arrives for this long, none is
 * left.
 */
const NO_NEW_CONNECTION_MS: Milliseconds = 60;
const MAX_NEW_CONNECTIONS_MS: Milliseconds = 1_500;
/** How long kept-alive connections may still bring a request that was sent before the stop began. */
const MAX_LAST_REQUESTS_MS: Milliseconds = 500;
const LOOK_MS: Milliseconds = 20;

/** Open connections of each server. */
const open = new WeakMap<Server, Set<Socket>>();

/** Tracks the open connections of a server from its start. */
export function trackConnections({ server }: FastifyInstance): void {
  const sockets = new Set<Socket>();
  open.set(server, sockets);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
}

/**
 * Closes connections that never sent a byte. Browsers and pools open connections in advance, and Node treats these as busy:
 * they would delay the stop until their client closes them.
 */
function endSilent({ server }: FastifyInstance): void {
  for (const socket of open.get(server) ?? []) if (socket.bytesRead === 0) socket.destroy();
}

/**
 * Stops the HTTP server without resetting a request that was sent already. While the phase is `stopping`, every answer has
 * `Connection: close`. Then the listener is closed, and only then idle connections. Node's own `close()` closes idle
 * connections at once, even if a request is in the kernel's buffer.
 */
export async function drain(app: FastifyInstance, clock: Clock): Promise<void> {
  if (app.server.listening) {
    let lastConnectionAt = clock.monotonicMs();
    app.server.on('connection', () => {
      lastConnectionAt = clock.monotonicMs();
    });
    await untilOr(MAX_NEW_CONNECTIONS_MS, () => clock.monotonicMs() - lastConnectionAt > NO_NEW_CONNECTION_MS);
    Server.prototype.close.call(app.server);
    await untilOr(MAX_LAST_REQUESTS_MS, async () => (await connections(app)) === 0);
    endSilent(app);
  }
  await app.close();
}

async function untilOr(maxMs: Milliseconds, isDone: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < maxMs && !(await isDone()); waited += LOOK_MS) await sleep(LOOK_MS);
}

function connections({ server }: FastifyInstance): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}

function sleep(ms: Milliseconds): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
