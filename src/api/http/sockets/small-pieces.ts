import type { Socket } from 'node:net';
import type { Milliseconds } from '../../../core/time.ts';

/** A piece below this costs more to take than its bytes do. */
const SMALL_BYTES = 64;
/** Small pieces that a body may have before it takes turns: a client that writes its JSON token by token. */
const FREE_PIECES = 1_024;
/** Between two turns, over all connections: one read of a connection is 11,000 chunks of a byte, some 20 ms of the loop. */
const TURN_PAUSE_MS: Milliseconds = 100;

/**
 * Connections whose bodies come in very small pieces wait in line: of all of them one at a time is read from.
 *
 * Known fault: the pause does not last. A request whose body flows resumes its socket at the next turn of the loop
 * (`readStart` in Node's lib/_http_incoming.js), so four such connections bring 4 MB/s and hold others up for seconds
 * (`npm run bench:abuse`, the row "a body in chunks of a byte"). Setting Node's own mark (`socket._paused`) makes the pause
 * last, and broke bodies on connections that the fast path had handed over.
 */
export class SmallPieceLine {
  readonly #waiting = new Set<Socket>();
  #isRunning = false;

  /** For the body that comes on this connection now. */
  counter(socket: Socket): SmallPieces {
    return new SmallPieces(socket, this);
  }

  has(socket: Socket): boolean {
    return this.#waiting.has(socket);
  }

  enter(socket: Socket): void {
    socket.pause();
    this.#waiting.add(socket);
    if (this.#isRunning) return;
    this.#isRunning = true;
    setTimeout(() => this.#next(), TURN_PAUSE_MS);
  }

  leave(socket: Socket): boolean {
    return this.#waiting.delete(socket);
  }

  #next(): void {
    const [socket] = this.#waiting;
    this.#isRunning = socket !== undefined;
    if (socket === undefined) return;
    this.#waiting.delete(socket);
    socket.resume();
    setTimeout(() => this.#next(), TURN_PAUSE_MS);
  }
}

/** Counts the pieces of one body. */
export class SmallPieces {
  readonly #socket: Socket;
  readonly #line: SmallPieceLine;
  #count = 0;

  constructor(socket: Socket, line: SmallPieceLine) {
    this.#socket = socket;
    this.#line = line;
  }

  /** The connection is read from later when this one and those before it were small. */
  note(length: number): void {
    if (length >= SMALL_BYTES || ++this.#count < FREE_PIECES) return;
    if (!this.#line.has(this.#socket)) this.#line.enter(this.#socket);
  }

  /** Somebody else says when the connection is read from again. */
  leave(): void {
    this.#line.leave(this.#socket);
  }

  /** Nothing more is read of this body: the connection is free again. */
  end(): void {
    if (this.#line.leave(this.#socket)) this.#socket.resume();
  }
}
