import type { Socket } from 'node:net';
import type { OrganizationId } from '../../../core/ids.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import { ParsingDebt } from './parsing-debt.ts';
import type { SharedTurn } from './shared-turn.ts';

/** Bytes that are given to the parser at once: 700 chunks of one byte, about 1.2 ms. A whole read of 64 KB took 20 ms. */
const SLICE_BYTES = 4 * 1024;
/** Time of the event loop for one turn of a connection that waits for turns. */
const TURN_MS: Milliseconds = 1;

/** Gives turns to connections whose bytes are costly to parse. */
export interface ReadingTurns {
  readonly clock: Clock;
  readonly shared: SharedTurn;
  /**
   * Runs `turn` later.
   * @param owner null = not known yet
   * @returns false if too many connections of this owner wait
   */
  wait(owner: OrganizationId | null, turn: () => void): boolean;
}

/**
 * Reads one connection for Node's HTTP parser in slices. On its own, the parser processes whole reads of 64 KB, up to 32 of
 * them in a row, whatever they cost. A pause also does not last: each message that flows resumes its socket (`readStart` in
 * Node's lib/_http_incoming.js).
 *
 * According to Node's documentation, a `readable` listener takes control of the flow from `pause()` and `resume()`, and
 * `read(n)` emits `data`, for which the HTTP server listens.
 *
 *   flowing ──bytes cost more than their share (parsing-debt.ts)──► waiting for a turn ──paid back──► flowing
 *      └──pause()──► paused ──resume()──► flowing
 */
export class ConnectionReader {
  readonly #socket: Socket;
  readonly #turns: ReadingTurns;
  readonly #debt: ParsingDebt;
  #owner: OrganizationId | null = null;
  /** True while the parser, or the message that it fills, is paused. */
  #isPaused = false;
  #isHeld = false;
  #isWaiting = false;
  #isReading = false;
  #isLater = false;
  #isScheduled = false;
  #requests = 0;

  /** @param socket the HTTP server of Node already listens to it */
  constructor(socket: Socket, turns: ReadingTurns) {
    this.#socket = socket;
    this.#turns = turns;
    this.#debt = new ParsingDebt(turns.clock.monotonicMs());
    socket.pause = () => {
      this.#isPaused = true;
      return socket;
    };
    socket.resume = () => {
      if (this.#isPaused) {
        this.#isPaused = false;
        this.#schedule();
      }
      return socket;
    };
    socket.on('readable', this.#read);
  }

  /** The organization of the last request on this connection; null = not known yet. */
  belongsTo(owner: OrganizationId | null): void {
    this.#owner = owner;
  }

  /** Stops reading until `release`, even if the parser resumes. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#schedule();
  }

  noteRequest(): void {
    this.#requests++;
  }

  /** Discards all further bytes: the parser has failed, and would fail again for every slice. */
  drop(): void {
    this.#socket.removeAllListeners('data');
    this.#isPaused = false;
    this.#isHeld = false;
  }

  get #mayRead(): boolean {
    return !this.#isPaused && !this.#isHeld && !this.#socket.destroyed;
  }

  /** Reads in a later step, because `resume` is called while the parser runs. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#readLater);
  }

  readonly #readLater = (): void => {
    this.#isScheduled = false;
    this.#read();
  };

  readonly #read = (): void => {
    if (this.#isReading || this.#isWaiting || !this.#mayRead) return;
    const { shared } = this.#turns;
    if (shared.isOver) {
      this.#readInNextTurn();
      return;
    }
    const startedAt = this.#turns.clock.monotonicMs();
    let usedMs = 0;
    while (this.#mayRead) {
      const now = this.#slice();
      if (now === null) break;
      usedMs = now - startedAt;
      if (this.#debt.isTooHigh) {
        this.#wait();
        break;
      }
      // The reader of a body must add its listeners first. Pipelined requests also leave turns to other connections.
      if ((this.#requests > 0 || usedMs >= TURN_MS) && this.#socket.readableLength > 0) {
        this.#readInNextTurn();
        break;
      }
    }
    if (usedMs > 0) shared.use(usedMs);
  };

  #readInNextTurn(): void {
    if (this.#isLater) return;
    this.#isLater = true;
    this.#turns.shared.later(this.#readNow);
  }

  readonly #readNow = (): void => {
    this.#isLater = false;
    this.#read();
  };

  #wait(): void {
    this.#isWaiting = true;
    if (!this.#turns.wait(this.#owner, this.#turn)) this.#socket.destroy();
  }

  readonly #turn = (): void => {
    this.#isWaiting = false;
    const startedAt = this.#turns.clock.monotonicMs();
    let now = startedAt;
    while (this.#mayRead && now - startedAt < TURN_MS) {
      const then = this.#slice();
      if (then === null) break;
      now = then;
    }
    this.#debt.clear(now);
    if (this.#mayRead && this.#socket.readableLength > 0) this.#wait();
  };

  /** @returns the time after the slice; null if there was nothing to read */
  #slice(): Milliseconds | null {
    const socket = this.#socket;
    const { clock } = this.#turns;
    const startedAt = clock.monotonicMs();
    const isThere = socket.readableLength > 0;
    this.#requests = 0;
    this.#isReading = true;
    try {
      // Without buffered bytes, `read` checks for the end of the stream.
      socket.read(isThere ? Math.min(SLICE_BYTES, socket.readableLength) : undefined);
    } finally {
      this.#isReading = false;
    }
    if (!isThere) return null;
    const now = clock.monotonicMs();
    this.#debt.add({ startedAt, now, requests: this.#requests });
    return now;
  }
}
