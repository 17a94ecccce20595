import type { IncomingMessage } from 'node:http';
import { MAX_CHUNK_OVERHEAD_BYTES } from '../../../core/limits.ts';
import type { Problem } from '../../../core/problem.ts';

/** Bytes of framing that each chunk may have: its length in hexadecimal, and two line ends. */
const FRAME_BYTES = 16;

export const ODD_CHUNKS: Problem = {
  code: 'bad_request',
  detail: `The chunk extensions of the body may have at most ${MAX_CHUNK_OVERHEAD_BYTES} bytes in total.`,
};

/** Bounds the chunk extensions of a body: the difference between the bytes of the connection and the bytes of the body. */
export class WireBytes {
  readonly #message: IncomingMessage;
  readonly #isChunked: boolean;
  readonly #before: number;
  #explained = 0;

  constructor(message: IncomingMessage) {
    this.#message = message;
    this.#isChunked = message.headers['transfer-encoding'] !== undefined;
    this.#before = read(message);
  }

  /**
   * @param length bytes of the body in the received piece
   * @returns whether the chunk extensions exceed their bound
   */
  isOdd(length: number): boolean {
    if (!this.#isChunked) return false;
    this.#explained += length + FRAME_BYTES;
    return read(this.#message) - this.#before > this.#explained + MAX_CHUNK_OVERHEAD_BYTES;
  }
}

/** Bytes of the connection that were given to the parser. */
function read({ socket }: IncomingMessage): number {
  return socket.bytesRead - socket.readableLength;
}
