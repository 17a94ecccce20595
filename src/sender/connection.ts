import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { MAX_HEADER_BYTES, MAX_RESPONSE_WIRE_BYTES } from '../core/limits.ts';
import type { Milliseconds } from '../core/time.ts';
import type { AddressGuard } from './address-guard.ts';
import { ContinueFilter } from './continue-filter.ts';
import { dial } from './dial.ts';
import type { Target } from './target.ts';

/** Below the 5 s after which Node's and many other servers close an idle connection: we had better be first. */
const KEEP_ALIVE_MS: Milliseconds = 4_000;
const MAX_KEEP_ALIVE_MS: Milliseconds = 30_000;
/** A receiver's "Keep-Alive: timeout" less the time on the wire. */
const KEEP_ALIVE_MARGIN_MS: Milliseconds = 2_000;
/** So that receivers behind a balancer get their share of us anew now and then. */
const MAX_REQUESTS_PER_CONNECTION = 1_000;

interface ConnectionContext {
  readonly guard: AddressGuard;
  readonly secureContext: SecureContext;
}

/** Nothing waits for it: what is destroyed is gone as far as we care. */
const ignore = (): void => {};

/**
 * One undici client with one socket, for one request after another. A pool of our own around it, instead of undici's,
 * because it must be known which request uses which socket: to end exactly that one at the deadline, and to tell
 * whether a kept connection died before it answered.
 */
export class Connection {
  readonly target: Target;
  /** Requests that ended well on this socket: with any, it is a kept connection, which may have died meanwhile. */
  served = 0;
  /**
   * Whether the receiver asked for a certificate of ours. One that is missing or not trusted is told under TLS 1.3 only
   * after the handshake is over for us, and by the time we look the connection is merely gone.
   */
  isAskedWhoWeAre = false;
  /** Of TLS, to shorten the next handshake. */
  session: Buffer | undefined;
  readonly #context: ConnectionContext;
  readonly #onClose: (connection: Connection) => void;
  readonly #client: Client;
  #socket: Socket | null = null;
  #cancelDial: () => void = ignore;
  #filter = new ContinueFilter();
  /** Bytes since the last `dispatch`. */
  #received = 0;
  #onFlood: () => void = ignore;

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
    this.#client = new Client(args.target.origin, {
      connect: (_options, callback) => this.#connect(callback),
      pipelining: 1,
      allowH2: false,
      useMilo: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      // The one deadline of an attempt is not undici's: its timers start again with every interim response or drip.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: MAX_KEEP_ALIVE_MS,
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
      maxRequestsPerClient: MAX_REQUESTS_PER_CONNECTION,
    });
  }

  /** False when the socket has gone while nobody used it. */
  get isUsable(): boolean {
    return this.#socket !== null && !this.#socket.destroyed;
  }

  /** Whether any byte has come since the last `dispatch`. */
  get hasAnswered(): boolean {
    return this.#received > 0;
  }

  /** @param onFlood called when more comes than any response may have; to be followed by `destroy` */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, onFlood: () => void): void {
    this.#received = 0;
    this.#onFlood = onFlood;
    this.#filter = new ContinueFilter();
    this.#client.dispatch(options, handler);
  }

  /** After an exchange that came to a proper end: nothing of it stays in memory while the connection is kept. */
  rest(): void {
    this.served += 1;
    this.#onFlood = ignore;
  }

  /** Ends what is under way and closes the socket at once, also one that is still connecting. */
  destroy(): void {
    this.#cancelDial();
    this.#client.destroy(null, ignore);
    this.#socket?.destroy();
  }

  /** undici asks again when a kept socket turns out closed before the request was written to it. */
  #connect(callback: buildConnector.Callback): void {
    this.#cancelDial = dial({ target: this.target, ...this.#context, session: this.session }, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      this.#adopt(socket);
      callback(null, socket);
    });
  }

  #adopt(socket: Socket): void {
    this.#socket = socket;
    this.served = 0;
    // On our side these are known only from a request for a certificate (RFC 8446, section 4.3.2).
    this.isAskedWhoWeAre = socket instanceof TLSSocket && socket.getSharedSigalgs().length > 0;
    const read = socket.read.bind(socket);
    socket.read = (size?: number): Buffer | null => {
      const chunk: Buffer | null = read(size);
      if (chunk === null) return null;
      this.#received += chunk.length;
      if (this.#received <= MAX_RESPONSE_WIRE_BYTES) return this.#filter.pass(chunk);
      this.#onFlood();
      return null;
    };
    socket.on('session', (session: Buffer) => {
      this.session = session;
    });
    socket.once('close', () => {
      if (this.#socket === socket) this.#onClose(this);
    });
  }
}
