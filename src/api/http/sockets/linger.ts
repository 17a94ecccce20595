import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Milliseconds } from '../../../core/time.ts';
import { readerOf } from '../reading/index.ts';
import { endAfterAnswer } from './ending-connections.ts';

/** How long, and how many bytes, a refused body is read and discarded before its connection is closed. */
const LINGER_MS: Milliseconds = 2_000;
const LINGER_BYTES = 64 * 1024 * 1024;
/**
 * A smaller bound when the budget of bodies is full: reading and discarding 36 bodies of 16 MB blocked all clients for a
 * second.
 */
const LINGER_BYTES_WHEN_FULL = 1024 * 1024;

/** Whether the client is still sending. */
export function hasBodyToCome(message: IncomingMessage): boolean {
  if (message.complete) return false;
  const { headers } = message;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Answers a request whose body is refused. Closing the connection at once makes the kernel send a reset, which can destroy the
 * answer before the client reads it (RFC 9112, section 9.6). So the whole answer is sent, the rest of the body is read and
 * discarded within bounds, and then the connection is closed.
 */
export function sendAndLinger(request: FastifyRequest, reply: FastifyReply, body: string): FastifyReply {
  const { raw } = request;
  endAfterAnswer(request);
  reply.header('connection', 'close').header('content-length', Buffer.byteLength(body));
  reply.hijack();
  const response = reply.raw;
  response.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>);
  response.write(body);
  dropRest(raw, response, reply.statusCode === 503 ? LINGER_BYTES_WHEN_FULL : LINGER_BYTES);
  return reply;
}

/**
 * Reads and discards the rest of the body within bounds, then ends the written response and the connection. Answers to earlier
 * requests of the connection are sent first; without that, a 202 was lost.
 */
export function dropRest(message: IncomingMessage, response: ServerResponse, mostBytes = LINGER_BYTES): void {
  const { socket } = message;
  const reader = readerOf(socket);
  let dropped = 0;
  const finish = () => {
    clearTimeout(timer);
    message.off('data', drop);
    reader?.hold();
    response.end();
    // Otherwise Node assigns the connection when earlier answers are done, and closes it afterwards.
    if (response.socket !== null) socket.destroySoon();
  };
  const drop = (chunk: Buffer) => {
    dropped += chunk.length;
    // Reading stops here. The client can send no more, and finds the answer.
    if (dropped > mostBytes) reader?.hold();
  };
  const timer = setTimeout(finish, LINGER_MS);
  message.on('data', drop).once('end', finish).once('close', finish).resume();
}
