import type { Server, Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { isLoopbackConnection } from '../../core/delivery/loopback.ts';
import { KEEP_ALIVE_MS } from '../../core/limits.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { ApiParts } from '../context.ts';
import { Readers } from '../http/reading/index.ts';
import { PlainConnection } from './connection.ts';
import { PlainEvents } from './plain-events.ts';

/** How often connections are looked over: so long a client may take over a first byte, or a body in two pieces. */
const LOOK_MS: Milliseconds = 1_000;

/**
 * Puts a path of its own beside Fastify for the one request that everything is about: a plain `POST /api/events` of a key that
 * is known, whose event is in order. It is read, accepted and answered as Fastify's route would, for less
 * (docs/decisions/performance.md). Whatever else comes on a connection goes to Node's HTTP server, the connection with it.
 */
export function openFastPath(app: FastifyInstance, parts: ApiParts): void {
  const server: Server = app.server;
  const httpListeners = server.listeners('connection');
  server.removeAllListeners('connection');

  const connections = new Set<PlainConnection>();
  const readers = new Readers(server, parts);
  const events = new PlainEvents(parts);
  const hooks = {
    clock: parts.clock,
    halfRequests: { bytes: 0 },
    handle: events.handle.bind(events),
    handOver: (socket: Socket) => {
      for (const listener of httpListeners) listener.call(server, socket);
      readers.read(socket);
    },
    onClose: (connection: PlainConnection) => connections.delete(connection),
  };
  server.on('connection', (socket: Socket) => {
    // In development nothing of another machine's is read here: Fastify's route refuses it.
    if (parts.loopbackOnly && !isLoopbackConnection(socket)) hooks.handOver(socket);
    else connections.add(new PlainConnection(socket, hooks));
  });

  const look = setInterval(() => {
    const now = parts.clock.monotonicMs();
    for (const connection of connections) {
      const waitedMs = now - connection.waitsSince;
      if (connection.isExpecting && waitedMs >= LOOK_MS) connection.handOver();
      else if (connection.isIdle && waitedMs >= KEEP_ALIVE_MS) connection.destroy();
      else if (connection.isStalled(now)) connection.destroy();
    }
  }, LOOK_MS).unref();
  app.addHook('preClose', (done) => {
    clearInterval(look);
    for (const connection of connections) {
      if (connection.isIdle) connection.destroy();
      // Half a request: Node's server waits for the rest as long as it ever does, and ends it.
      else if (connection.isExpecting) connection.handOver();
    }
    done();
  });
}
