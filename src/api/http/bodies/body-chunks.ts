import type { IncomingMessage } from 'node:http';
import type { Milliseconds } from '../../../core/time.ts';
import { type ConnectionReader, readerOf } from '../reading/index.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { WireBytes } from './wire-bytes.ts';

/** Bytes that may wait for the reader before the connection is paused. Node still delivers what it has read already. */
const MOST_WAITING = 64 * 1024;
const MOST_HELD = 4 * MOST_WAITING;

/**
 * Reads the body of a request in chunks, with a deadline for the next one. Pieces are joined when they arrive: pieces of one
 * byte, kept by Node, took 22 MB for each connection that was not read. Stopping to read does not close the connection.
 */
export class BodyChunks {
  readonly #message: IncomingMessage;
  readonly #reader: ConnectionReader | undefined;
  readonly #wire: WireBytes;
  readonly #held = new GrowingBuffer(MOST_HELD);
  #state: 'open' | 'ended' | 'cut' = 'open';
  /** True while the connection is paused, until the waiting bytes are read. */
  #isPaused = false;
  #isOdd = false;
  #wake: (() => void) | undefined;

  constructor(message: IncomingMessage) {
    this.#message = message;
    this.#reader = readerOf(message.socket);
    this.#wire = new WireBytes(message);
    message.on('data', this.#take).on('end', this.#end).on('close', this.#cut).on('error', this.#cut);
  }

  /** Whether bytes are waiting. */
  get hasMore(): boolean {
    return this.#held.length > 0;
  }

  /** Whether the chunk extensions exceed their bound (`WireBytes`). */
  get isOdd(): boolean {
    return this.#isOdd;
  }

  /**
   * @param timeoutMs null = no timeout
   * @returns null at the end; `late` if nothing arrived in time
   * @throws Error if the connection ended before the body did
   */
  async next(timeoutMs: Milliseconds | null): Promise<Buffer | 'late' | null> {
    while (true) {
      if (this.#held.length > 0) return this.#give();
      if (this.#state === 'ended') return null;
      if (this.#state === 'cut') throw new Error('The connection ended before the body did');
      if ((await this.#change(timeoutMs)) === 'late') return 'late';
    }
  }

  /** Stops reading. Further bytes belong to the next reader of the connection. */
  stop(): void {
    this.#message.off('data', this.#take).off('end', this.#end).off('close', this.#cut).off('error', this.#cut);
    if (this.#isPaused) this.#reader?.release();
  }

  readonly #take = (piece: Buffer): void => {
    this.#held.add(piece);
    this.#isOdd ||= this.#wire.isOdd(piece.length);
    if (!this.#isPaused && this.#held.length >= MOST_WAITING) {
      this.#isPaused = true;
      // The connection is paused, not the message: a paused message keeps each piece that the parser still delivers.
      this.#reader?.hold();
    }
    this.#wake?.();
  };

  readonly #end = (): void => {
    this.#state = 'ended';
    this.#wake?.();
  };

  readonly #cut = (): void => {
    if (this.#state === 'open') this.#state = 'cut';
    this.#wake?.();
  };

  #give(): Buffer {
    const bytes = this.#held.take();
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#reader?.release();
    }
    return bytes;
  }

  #change(timeoutMs: Milliseconds | null): Promise<'changed' | 'late'> {
    return new Promise((resolve) => {
      const timer = timeoutMs === null ? undefined : setTimeout(() => done('late'), timeoutMs);
      const done = (how: 'changed' | 'late') => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(how);
      };
      this.#wake = () => done('changed');
    });
  }
}
