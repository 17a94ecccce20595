import type { Server, Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { isLoopbackConnection } from '../../core/delivery/loopback.ts';
import { KEEP_ALIVE_MS } from '../../core/limits.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { ApiParts } from '../context.ts';
import { Readers } from '../http/reading/index.ts';
import { PlainConnection } from './connection.ts';
import { PlainEvents } from './plain-events.ts';

/**
 * Interval of the check of connections. A client may also wait this long before the first byte, or between two pieces of a
 * body.
 */
const LOOK_MS: Milliseconds = 1_000;

/**
 * Answers plain `POST /api/events` requests beside Fastify: a known key, and a valid event. The answer is the same as that of
 * Fastify's route, at less cost (docs/decisions/performance.md). Any other request moves its connection to Node's HTTP server.
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
    // In development, Fastify's route refuses requests from other machines.
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
      // An incomplete request: Node's server waits for the rest with its usual timeout.
      else if (connection.isExpecting) connection.handOver();
    }
    done();
  });
}
