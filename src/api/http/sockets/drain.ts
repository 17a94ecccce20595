import { Server, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';

/**
 * Connections that the kernel has let in and the loop has not taken yet: closing the listener would reset them. The loop
 * takes one a turn, so under load fifty of them need half a second. None for a while means that none is left.
 */
const NO_NEW_CONNECTION_MS: Milliseconds = 60;
const MAX_NEW_CONNECTIONS_MS: Milliseconds = 1_500;
/** How long kept-alive connections may still bring a request that was on its way when the stop began. */
const MAX_LAST_REQUESTS_MS: Milliseconds = 500;
const LOOK_MS: Milliseconds = 20;

/** Open connections of each server, for its drain. */
const open = new WeakMap<Server, Set<Socket>>();

/** From the start on: which connections are open. */
export function trackConnections({ server }: FastifyInstance): void {
  const sockets = new Set<Socket>();
  open.set(server, sockets);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
}

/**
 * Browsers and pools open connections ahead of need. Node takes one that never sent a byte for busy, so that it would hold the
 * stop until its client ends it.
 */
function endSilent({ server }: FastifyInstance): void {
  for (const socket of open.get(server) ?? []) if (socket.bytesRead === 0) socket.destroy();
}

/**
 * Ends the HTTP front without a reset for a request that was sent already: every answer says `Connection: close` (the
 * phase is `stopping`), then nobody new is let in, and only then are the connections closed on which nothing happens.
 * Node's own `close()` closes those at once, also when a request for one is in the kernel's buffer.
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
