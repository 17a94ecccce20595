import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * Connections that end after the answer under way. Node reads on and hands out requests that were pipelined behind a
 * refused one: those must never run, for on a connection whose framing is in doubt nobody knows whose they are.
 */
const ending = new WeakSet<Socket>();

export function endAfterAnswer({ raw }: FastifyRequest): void {
  ending.add(raw.socket);
}

export function isEnding({ raw }: FastifyRequest): boolean {
  return ending.has(raw.socket);
}
