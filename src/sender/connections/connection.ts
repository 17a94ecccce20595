import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../../ports/clock.ts';
import type { AddressGuard, Target } from '../addresses/index.ts';
import { AttemptFailure } from '../attempt-failure.ts';
import type { RequestBytes } from '../request-bytes.ts';
import { ResponseReader, type ResponseSink } from '../responses/index.ts';
import type { SpareSockets } from './connect-first.ts';
import { type DialCallback, type Dialing, dial } from './dial.ts';

/** Requests per connection, so that load balancers in front of receivers can rebalance. */
const MAX_REQUESTS = 1_000;

interface ConnectionContext {
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly spareSockets: SpareSockets;
  /** Null for plain HTTP. */
  readonly secureContext: SecureContext | null;
  /** Null where the handshake needs no slot. */
  readonly takeSlot: ((start: () => void) => () => void) | null;
}

/** Receives the response to a request. Ends with one call of `onEnd` or `onError`. */
export interface ResponseWaiter extends ResponseSink {
  /** A piece has arrived, and it was not the last. */
  onPause(): void;
  /** The response is complete. */
  onEnd(): void;
  /** The response will not complete, and the connection is unusable. */
  onError(error: unknown): void;
}

/**
 * One socket to a receiver, for one request after another (HTTP/1.1, RFC 9112). The first request opens it. Its user
 * closes it at the deadline, and can tell whether a reused connection died before it answered.
 *
 * States: unopened ──send──► connecting ──► busy ──response complete──► idle ──send──► busy; any ──close, error,
 * `destroy`──► closed
 */
export class Connection {
  readonly target: Target;
  /** Completed requests on this socket; above 0 the connection is a reused one, which may have died meanwhile. */
  served = 0;
  /** Whether the current request has begun to be sent. */
  hasSent = false;
  /**
   * Whether the receiver requested a client certificate. Under TLS 1.3 a missing or untrusted certificate is reported
   * only after the handshake is complete on this side, when the connection just closes.
   */
  clientCertificateRequested = false;
  /** TLS session, to shorten the next handshake. */
  session: Buffer | undefined;
  readonly #context: ConnectionContext;
  readonly #onClose: (connection: Connection) => void;
  #socket: Socket | null = null;
  #dialing: Dialing | null = null;
  #waiter: ResponseWaiter | null = null;
  #reader: ResponseReader | null = null;
  /** The request that waits for the socket. */
  #first: RequestBytes | null = null;
  #error: Error | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(args: {
    target: Target;
    context: ConnectionContext;
    session: Buffer | undefined;
    /** Called when the socket has closed, for any reason. */
    onClose: (connection: Connection) => void;
  }) {
    this.target = args.target;
    this.session = args.session;
    this.#context = args.context;
    this.#onClose = args.onClose;
  }

  /** False when the socket closed while idle. */
  get isUsable(): boolean {
    return this.#socket !== null && !this.#socket.destroyed && this.#socket.writable;
  }

  /** Whether any byte has arrived since the last `send`. */
  get hasAnswered(): boolean {
    return this.#reader?.hasBegun === true;
  }

  /** Whether the connection may be used for another request after the exchange that ended. */
  get isReusable(): boolean {
    const isWhole = this.#reader !== null && this.#reader.keepMs > 0 && this.#socket?.writableLength === 0;
    return isWhole && this.isUsable && this.served + 1 < MAX_REQUESTS;
  }

  /** What the connection waits for, in words for a timeout's detail. */
  get waitingFor(): string {
    if (this.#socket === null) return this.#dialing?.waitingFor ?? 'the connection';
    return this.hasAnswered ? 'the rest of the head of the response' : 'the response';
  }

  /** Sends a request; one at a time. The waiter may be called before this returns. */
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

  /** Keeps the connection idle after a complete exchange, and drops everything of the exchange from memory. */
  keep(): void {
    this.served += 1;
    this.#idleTimer = setTimeout(destroy, this.#reader?.keepMs ?? 0, this);
    this.#reader = null;
    this.#waiter = null;
  }

  /** Closes the socket at once, even while connecting. The waiter is not called. */
  destroy(): void {
    clearTimeout(this.#idleTimer);
    this.#waiter = null;
    this.#dialing?.cancel();
    this.#socket?.destroy();
  }

  /** A member of the connection, not of a request, because the socket keeps a reference to it. */
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
    // The shared algorithms are known on this side only from a certificate request (RFC 8446, section 4.3.2).
    this.clientCertificateRequested = socket instanceof TLSSocket && socket.getSharedSigalgs().length > 0;
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
      // Data between two requests is unexpected.
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

  /** The receiver has closed its side. */
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
