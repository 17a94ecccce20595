import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Milliseconds } from '../../../core/time.ts';
import { readerOf } from '../reading/index.ts';
import { endAfterAnswer } from './ending-connections.ts';

/** How long, and how much, a refused body is read and thrown away before its connection is cut. */
const LINGER_MS: Milliseconds = 2_000;
const LINGER_BYTES = 64 * 1024 * 1024;
/** Where there is no room for bodies, 36 of 16 MB that were read and dropped took a second of everybody's. */
const LINGER_BYTES_WHEN_FULL = 1024 * 1024;

/** Whether the client is still sending. */
export function hasBodyToCome(message: IncomingMessage): boolean {
  if (message.complete) return false;
  const { headers } = message;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Answers a request whose body we do not want. Closing at once would make the kernel send a reset that can destroy our
 * answer before the client reads it (RFC 9112, section 9.6): the answer goes out whole, then the rest is read and dropped
 * within bounds, then the connection ends.
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
 * Reads and drops what the client still sends, within bounds, then ends the response, of which all is written, and the
 * connection. Answers to requests that came earlier on it go out first: ended at once, a good 202 was lost.
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
    // Else Node gives it the connection when its turn has come, and closes that afterwards.
    if (response.socket !== null) socket.destroySoon();
  };
  const drop = (chunk: Buffer) => {
    dropped += chunk.length;
    // What is not read the client can't send, and finds the answer at the latest then.
    if (dropped > mostBytes) reader?.hold();
  };
  const timer = setTimeout(finish, LINGER_MS);
  message.on('data', drop).once('end', finish).once('close', finish).resume();
}
