import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { ANSWER_STALL_MS, MAX_HALF_REQUEST_BYTES } from '../../core/limits.ts';
import type { Problem } from '../../core/problem.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { rawProblem } from '../http/answers/index.ts';
import { type PlainRequest, readPlainRequest } from './plain-request.ts';

/**
 * A body in more pieces than this goes to Node's server, because each piece is checked from the start. A body of 256 KiB
 * arrives in five pieces.
 */
const MAX_PIECES = 16;

const CUT_SHORT: Problem = { code: 'bad_request', detail: 'The connection ended before the body did.' };

/** The bytes of an answer, and whether the connection ends after them. */
export interface PlainAnswer {
  readonly text: string;
  /** `latin1` if the text is ASCII. */
  readonly encoding: 'latin1' | 'utf8';
  readonly isLast: boolean;
}

/** The outcome of a request. `unusual` = nothing was done with it, and Node's server handles it. */
export type PlainOutcome =
  | 'unusual'
  | {
      /** Never rejects. */
      readonly answer: Promise<PlainAnswer | 'unusual'>;
      /** True if the answer cannot become `unusual`. */
      readonly isCertain: boolean;
    };

export interface Hooks {
  readonly clock: Clock;
  /**
   * Answers a request that has been read.
   * @param arrivedAt monotonic
   */
  handle(request: PlainRequest, arrivedAt: Milliseconds): PlainOutcome;
  /** Bytes of incomplete requests over all connections. Their organizations are not known yet. */
  readonly halfRequests: { bytes: number };
  /** Gives the connection to Node's HTTP server, permanently. */
  handOver(socket: Socket): void;
  onClose(connection: PlainConnection): void;
}

/**
 * A connection that has brought only plain requests so far, one after the other. The first unusual request hands the connection
 * to Node's server, with every byte that was not answered. This class therefore needs to know nothing else of HTTP.
 *
 *   idle ──request──► answering ──answer──► idle
 *    │                   └──last answer──► ending
 *    └──unusual──► (handed over)           any ──close──► gone
 */
export class PlainConnection {
  readonly #socket: Socket;
  readonly #hooks: Hooks;
  #state: 'idle' | 'answering' | 'ending' | 'gone' = 'idle';
  /** Received bytes that were not answered: the head of a request, or bytes that followed the request in progress. */
  #pieces: Buffer[] = [];
  #changedAt: Milliseconds;
  /** When the first of the pieces arrived. */
  #beganAt: Milliseconds = 0;
  /** How often the incomplete request was checked. */
  #incomplete = 0;
  /** Bytes of this connection that are counted in `halfRequests`. */
  #held = 0;
  #ended = false;

  constructor(socket: Socket, hooks: Hooks) {
    this.#socket = socket;
    this.#hooks = hooks;
    this.#changedAt = hooks.clock.monotonicMs();
    socket.on('data', this.#take).on('end', this.#end).on('error', ignore).on('close', this.#close);
  }

  /** Whether the connection waits for a request of which no byte has arrived. */
  get isIdle(): boolean {
    return this.#state === 'idle' && this.#pieces.length === 0;
  }

  /**
   * Whether an answer waits for a client that reads none of it.
   * @param now monotonic
   */
  isStalled(now: Milliseconds): boolean {
    return this.#socket.writableNeedDrain && now - this.#changedAt >= ANSWER_STALL_MS;
  }

  /** Whether the connection waits for its first byte, or for the rest of a body. */
  get isExpecting(): boolean {
    return this.#state === 'idle' && (this.#pieces.length > 0 || this.#socket.bytesRead === 0);
  }

  /** Monotonic time since which the connection waits for a request, or for the rest of one, however slowly it arrives. */
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
    // Bytes behind the request in progress are bounded, because reading is paused.
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
    // A connection must not be handed over after its end. Reading is paused until it is certain that the request is not
    // `unusual`.
    if (!handling.isCertain) this.#socket.pause();
    void this.#answer(piece, handling.answer);
  }

  /**
   * @returns whether there is room for this many bytes of an incomplete request; Node's server reads no body before it knows
   * the key
   */
  #hold(bytes: number): boolean {
    const { halfRequests } = this.#hooks;
    const after = halfRequests.bytes + bytes - this.#held;
    if (bytes > this.#held && after > MAX_HALF_REQUEST_BYTES) return false;
    halfRequests.bytes = after;
    this.#held = bytes;
    return true;
  }

  /** An error before the event is accepted occurs again in Fastify's route, which reports it. */
  #handle(request: PlainRequest): PlainOutcome {
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
    // A client that does not read its answers gets no further ones.
    else this.#socket.pause().once('drain', () => this.#goOn());
  }

  #goOn(): void {
    if (this.#state !== 'answering') return;
    this.#state = 'idle';
    if (this.#socket.isPaused()) this.#socket.resume();
    if (this.#pieces.length > 0) this.#next();
  }

  /** The client has ended its side of the connection. */
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
