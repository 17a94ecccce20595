import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../../ports/clock.ts';
import type { AddressGuard, Target } from '../addresses/index.ts';
import { AttemptFailure } from '../attempt-failure.ts';
import type { RequestBytes } from '../request-bytes.ts';
import { ResponseReader, type ResponseSink } from '../responses/index.ts';
import type { SpareSockets } from './connect-first.ts';
import { type DialCallback, type Dialing, dial } from './dial.ts';

/** So that receivers behind a balancer get their share of us anew now and then. */
const MAX_REQUESTS = 1_000;

interface ConnectionContext {
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly spareSockets: SpareSockets;
  /** Null for plain HTTP. */
  readonly secureContext: SecureContext | null;
  /** Null where a handshake needs no turn. */
  readonly takeSlot: ((start: () => void) => () => void) | null;
}

/** Who waits for the response to a request. `onEnd` or `onError` ends it, once. */
export interface ResponseWaiter extends ResponseSink {
  /** A piece has come, and it was not the last. */
  onPause(): void;
  /** All of it has come. */
  onEnd(): void;
  /** It will not come, or not to its end; the connection can't be used any more. */
  onError(error: unknown): void;
}

/**
 * One socket to a receiver, for one request after another (HTTP/1.1, RFC 9112). It is opened by the first request. Who uses
 * it ends it at the deadline, and can tell whether a kept connection died before it answered.
 */
export class Connection {
  readonly target: Target;
  /** Requests that ended well on this socket: with any, it is a kept connection, which may have died meanwhile. */
  served = 0;
  /** Whether the request in hand has begun to leave. */
  hasSent = false;
  /**
   * Whether the receiver asked for a certificate of ours. One that is missing or not trusted is told under TLS 1.3 only
   * after the handshake is over for us, and by the time we look the connection is merely gone.
   */
  isAskedWhoWeAre = false;
  /** Of TLS, to shorten the next handshake. */
  session: Buffer | undefined;
  readonly #context: ConnectionContext;
  readonly #onClose: (connection: Connection) => void;
  #socket: Socket | null = null;
  #dialing: Dialing | null = null;
  #waiter: ResponseWaiter | null = null;
  #reader: ResponseReader | null = null;
  /** Waits for the socket. */
  #first: RequestBytes | null = null;
  #error: Error | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(args: {
    target: Target;
    context: ConnectionContext;
    session: Buffer | undefined;
    /** When the socket has closed, for whatever reason. */
    onClose: (connection: Connection) => void;
  }) {
    this.target = args.target;
    this.session = args.session;
    this.#context = args.context;
    this.#onClose = args.onClose;
  }

  /** False when the socket has gone while nobody used it. */
  get isUsable(): boolean {
    return this.#socket !== null && !this.#socket.destroyed && this.#socket.writable;
  }

  /** Whether any byte has come since the last `send`. */
  get hasAnswered(): boolean {
    return this.#reader?.hasBegun === true;
  }

  /** Whether the exchange that has ended leaves the connection fit for another one. */
  get mayRest(): boolean {
    const isWhole = this.#reader !== null && this.#reader.keepMs > 0 && this.#socket?.writableLength === 0;
    return isWhole && this.isUsable && this.served + 1 < MAX_REQUESTS;
  }

  /** What is waited for, for people. */
  get waitsFor(): string {
    if (this.#socket === null) return this.#dialing?.waitsFor ?? 'the connection';
    return this.hasAnswered ? 'the rest of the head of the response' : 'the response';
  }

  /** One at a time. The waiter may be called before this returns. */
  send(request: RequestBytes, waiter: ResponseWaiter): void {
    clearTimeout(this.#idleTimer);
    this.#waiter = waiter;
    this.#reader = new ResponseReader(waiter);
    if (this.#socket !== null) {
      this.hasSent = true;
      write(this.#socket, request);
      return;
    }
    this.#first = request;
    this.#dialing = dial({ target: this.target, ...this.#context, session: this.session }, this.#opened);
  }

  /** After an exchange that came to a proper end: nothing of it stays in memory while the connection is kept. */
  rest(): void {
    this.served += 1;
    this.#idleTimer = setTimeout(destroy, this.#reader?.keepMs ?? 0, this);
    this.#reader = null;
    this.#waiter = null;
  }

  /** Closes the socket at once, also one that is still connecting. Whoever waits is not told. */
  destroy(): void {
    clearTimeout(this.#idleTimer);
    this.#waiter = null;
    this.#dialing?.cancel();
    this.#socket?.destroy();
  }

  /** A function of the connection and not of the request: the socket holds on to it. */
  readonly #opened: DialCallback = (...[error, socket]) => {
    const request = this.#first;
    this.#first = null;
    if (error !== null) return this.#fail(error);
    this.#dialing = null;
    this.#adopt(socket);
    this.hasSent = true;
    if (request !== null) write(socket, request);
  };

  #adopt(socket: Socket): void {
    this.#socket = socket;
    // On our side these are known only from a request for a certificate (RFC 8446, section 4.3.2).
    this.isAskedWhoWeAre = socket instanceof TLSSocket && socket.getSharedSigalgs().length > 0;
    socket.on('data', (piece: Buffer) => this.#read(piece));
    socket.on('end', () => this.#end());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('session', (session: Buffer) => {
      this.session = session;
    });
    socket.once('close', () => {
      clearTimeout(this.#idleTimer);
      this.#fail(this.#error ?? new AttemptFailure('connection_reset'));
      this.#onClose(this);
    });
  }

  #read(piece: Buffer): void {
    const reader = this.#reader;
    if (reader === null) {
      // Between two requests nothing has any business to come.
      this.destroy();
      return;
    }
    try {
      reader.read(piece);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (reader.isDone) this.#finish();
    else this.#waiter?.onPause();
  }

  /** The receiver sends no more. */
  #end(): void {
    this.#reader?.end();
    if (this.#reader?.isDone === true) this.#finish();
    else this.#fail(new AttemptFailure('connection_reset'));
    this.#socket?.destroy();
  }

  #finish(): void {
    const waiter = this.#waiter;
    this.#waiter = null;
    waiter?.onEnd();
  }

  #fail(error: unknown): void {
    const waiter = this.#waiter;
    this.#waiter = null;
    waiter?.onError(error);
  }
}

function write(socket: Socket, request: RequestBytes): void {
  if (request.body === null) {
    socket.write(request.content, request.encoding);
    return;
  }
  socket.cork();
  socket.write(request.content, request.encoding);
  socket.write(request.body);
  socket.uncork();
}

function destroy(connection: Connection): void {
  connection.destroy();
}
