import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { ANSWER_STALL_MS, MAX_HALF_REQUEST_BYTES } from '../../core/limits.ts';
import type { Problem } from '../../core/problem.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { rawProblem } from '../http/answers/index.ts';
import { type PlainRequest, readPlainRequest } from './plain-request.ts';

/** A body in more pieces is not looked at again with each of them. One of 256 KiB comes in five. */
const MAX_PIECES = 16;

const CUT_SHORT: Problem = { code: 'bad_request', detail: 'The connection ended before the body did.' };

/** The bytes to write, and whether the connection ends with them. */
export interface PlainAnswer {
  readonly text: string;
  /** `latin1` where it is ASCII. */
  readonly encoding: 'latin1' | 'utf8';
  readonly isLast: boolean;
}

/** What becomes of a request. `unusual`: nothing was done with it, Node's server shall. */
export type Handling =
  | 'unusual'
  | {
      /** Never rejects. */
      readonly answer: Promise<PlainAnswer | 'unusual'>;
      /** It will not be `unusual`. */
      readonly isCertain: boolean;
    };

export interface Hooks {
  readonly clock: Clock;
  /**
   * Answers a request that has been read.
   * @param arrivedAt monotonic
   */
  handle(request: PlainRequest, arrivedAt: Milliseconds): Handling;
  /** What half requests hold, over all connections: nobody knows yet whose they are. */
  readonly halfRequests: { bytes: number };
  /** Node's HTTP server has this connection from here on, for good. */
  handOver(socket: Socket): void;
  onClose(connection: PlainConnection): void;
}

/**
 * A connection as long as nothing but plain requests come on it, one after the other. The first thing that is unusual hands it
 * over with every byte that was not answered, so that nothing here has to know what else HTTP allows.
 */
export class PlainConnection {
  readonly #socket: Socket;
  readonly #hooks: Hooks;
  #state: 'idle' | 'answering' | 'ending' | 'gone' = 'idle';
  /** What came and was not answered: the head of a request, or what was sent before the answer under way. */
  #pieces: Buffer[] = [];
  #changedAt: Milliseconds;
  /** When the first of the pieces came. */
  #beganAt: Milliseconds = 0;
  /** Times that the request under way was looked at in vain. */
  #incomplete = 0;
  /** Bytes of it that are counted in `halfRequests`. */
  #held = 0;
  #ended = false;

  constructor(socket: Socket, hooks: Hooks) {
    this.#socket = socket;
    this.#hooks = hooks;
    this.#changedAt = hooks.clock.monotonicMs();
    socket.on('data', this.#take).on('end', this.#end).on('error', ignore).on('close', this.#close);
  }

  /** Waits for a request of which nothing has come. */
  get isIdle(): boolean {
    return this.#state === 'idle' && this.#pieces.length === 0;
  }

  /** An answer waits for a client that takes none of it. @param now monotonic */
  isStalled(now: Milliseconds): boolean {
    return this.#socket.writableNeedDrain && now - this.#changedAt >= ANSWER_STALL_MS;
  }

  /** Something is to come first: a first byte, or the rest of a body. */
  get isExpecting(): boolean {
    return this.#state === 'idle' && (this.#pieces.length > 0 || this.#socket.bytesRead === 0);
  }

  /** Monotonic time since which it waits: for a request, or for the rest of one, however slowly it comes. */
  get waitsSince(): Milliseconds {
    return this.#pieces.length > 0 ? this.#beganAt : this.#changedAt;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  handOver(): void {
    const socket = this.#socket;
    this.#leave();
    socket.pause();
    if (this.#pieces.length > 0) socket.unshift(joined(this.#pieces));
    this.#pieces = [];
    this.#hooks.handOver(socket);
    socket.resume();
  }

  readonly #take = (piece: Buffer): void => {
    this.#changedAt = this.#hooks.clock.monotonicMs();
    if (this.#pieces.length === 0) this.#beganAt = this.#changedAt;
    this.#pieces.push(piece);
    if (this.#state === 'idle') this.#next();
    // Behind the request under way: what waits is bounded, for no more is read.
    else this.#socket.pause();
  };

  #next(): void {
    const piece = joined(this.#pieces);
    const request = readPlainRequest(piece);
    if (request === 'incomplete' && ++this.#incomplete < MAX_PIECES && this.#hold(piece.length)) {
      this.#pieces = [piece];
      return;
    }
    this.#incomplete = 0;
    if (this.#held > 0) this.#hold(0);
    const handling = typeof request === 'string' ? 'unusual' : this.#handle(request);
    if (handling === 'unusual') {
      this.handOver();
      return;
    }
    this.#state = 'answering';
    this.#pieces = [];
    // What is handed over must not have come to its end: no more is read until that is certain.
    if (!handling.isCertain) this.#socket.pause();
    void this.#answer(piece, handling.answer);
  }

  /** @returns whether there is room for so much of a half request; Node's server reads no body before it knows its key */
  #hold(bytes: number): boolean {
    const { halfRequests } = this.#hooks;
    const after = halfRequests.bytes + bytes - this.#held;
    if (bytes > this.#held && after > MAX_HALF_REQUEST_BYTES) return false;
    halfRequests.bytes = after;
    this.#held = bytes;
    return true;
  }

  /** Whatever goes wrong before anything was done goes wrong at Fastify's route again, which tells of it. */
  #handle(request: PlainRequest): Handling {
    try {
      return this.#hooks.handle(request, this.#beganAt);
    } catch {
      return 'unusual';
    }
  }

  async #answer(piece: Buffer, pending: Promise<PlainAnswer | 'unusual'>): Promise<void> {
    const answer = await pending;
    if (this.#state === 'gone') return;
    if (answer === 'unusual') {
      this.#pieces.unshift(piece);
      this.handOver();
      return;
    }
    this.#changedAt = this.#hooks.clock.monotonicMs();
    if (answer.isLast || this.#ended) {
      this.#state = 'ending';
      this.#socket.end(answer.text, answer.encoding);
      this.#socket.destroySoon();
      return;
    }
    const isTaken = this.#socket.write(answer.text, answer.encoding);
    if (isTaken) this.#goOn();
    // A client that reads no answers gets no more of them.
    else this.#socket.pause().once('drain', () => this.#goOn());
  }

  #goOn(): void {
    if (this.#state !== 'answering') return;
    this.#state = 'idle';
    if (this.#socket.isPaused()) this.#socket.resume();
    if (this.#pieces.length > 0) this.#next();
  }

  /** The client sends no more. */
  readonly #end = (): void => {
    this.#ended = true;
    if (this.#state !== 'idle') return;
    if (this.#pieces.length > 0) this.#socket.end(rawProblem(CUT_SHORT, randomUUID()));
    this.#socket.destroySoon();
  };

  readonly #close = (): void => {
    this.#leave();
  };

  #leave(): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    if (this.#held > 0) this.#hold(0);
    this.#socket.off('data', this.#take).off('end', this.#end).off('error', ignore).off('close', this.#close);
    this.#hooks.onClose(this);
  }
}

function ignore(): void {}

function joined(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
}
