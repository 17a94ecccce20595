import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * Connections that end after the answer in progress. Node continues to read, and delivers requests that were pipelined behind a
 * refused one. They must never run: if the framing of a connection is in doubt, the origin of such a request is unknown.
 */
const ending = new WeakSet<Socket>();

export function endAfterAnswer({ raw }: FastifyRequest): void {
  ending.add(raw.socket);
}

export function isEnding({ raw }: FastifyRequest): boolean {
  return ending.has(raw.socket);
}
