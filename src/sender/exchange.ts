import type { AttemptError, AttemptOutcome } from '../core/delivery/delivery.ts';
import { MAX_ERROR_DETAIL_CHARACTERS, MAX_RESPONSE_READ_BYTES } from '../core/limits.ts';
import type { Milliseconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { OutgoingRequest } from '../ports/sender.ts';
import { AttemptFailure, classifyFailure, failureDetail } from './attempt-failure.ts';
import type { Connection, ConnectionPool, EndpointConnections, ResponseWaiter } from './connections/index.ts';
import { type RequestBytes, requestBytes } from './request-bytes.ts';
import { Excerpt, parseRetryAfter } from './responses/index.ts';

/** After the status line the outcome is known: a body that drips holds its slot no longer than this. */
const BODY_MS: Milliseconds = 1_000;

/**
 * A kept connection that the receiver had closed already dies within a round trip. Later it may have worked on the request:
 * what is sent again then is another attempt.
 */
const STALE_CONNECTION_MS: Milliseconds = 250;

const NO_CLIENT = 'the receiver asks for a client certificate, or does not accept the one it got';

type Head = Omit<AttemptOutcome, 'responseExcerpt'>;

/** One request and its outcome: no stream and no AbortController for each, and one timer over all of it. */
export class Exchange implements ResponseWaiter {
  readonly #pool: ConnectionPool;
  readonly #endpoint: EndpointConnections;
  readonly #clock: Clock;
  readonly #request: OutgoingRequest;
  readonly #userAgent: string;
  readonly #onEnd: (exchange: Exchange, outcome: AttemptOutcome) => void;
  readonly #startedAt: Milliseconds;
  readonly #excerpt = new Excerpt();
  #bytes: RequestBytes | null = null;
  #timer: NodeJS.Timeout;
  #connection: Connection;
  #head: Head | null = null;
  #isBodyTimed = false;
  /** On an earlier connection. */
  #wasSent = false;
  #isOver = false;

  constructor(args: {
    request: OutgoingRequest;
    userAgent: string;
    endpoint: EndpointConnections;
    pool: ConnectionPool;
    clock: Clock;
    onEnd: (exchange: Exchange, outcome: AttemptOutcome) => void;
  }) {
    const { request, endpoint } = args;
    this.#request = request;
    this.#userAgent = args.userAgent;
    this.#pool = args.pool;
    this.#endpoint = endpoint;
    this.#clock = args.clock;
    this.#onEnd = args.onEnd;
    this.#startedAt = args.clock.monotonicMs();
    this.#timer = setTimeout(onTime, request.timeoutMs, this);
    this.#connection = args.pool.take(endpoint);
  }

  /** To be called once. `onEnd` may be called before it returns. */
  start(): void {
    try {
      this.#bytes = requestBytes(this.#request, this.#endpoint.target, this.#userAgent);
    } catch (error) {
      this.#end(classifyFailure(error), failureDetail(error));
      return;
    }
    this.#connection.send(this.#bytes, this);
  }

  /** Ends it now; without an answer the attempt has timed out. */
  timeOut(): void {
    this.#end('timeout', `timed out waiting for ${this.#connection.waitsFor}`);
  }

  /** Ends it now, because the service stops. */
  abort(): void {
    this.#end('local', null);
  }

  // --- called by the connection ---

  onHead(statusCode: number, retryAfter: string | undefined): void {
    const isSuccess = statusCode < 300;
    this.#head = {
      statusCode,
      error: isSuccess ? null : 'status',
      errorDetail: null,
      durationMs: Math.round(this.#elapsedMs()),
      retryAfterMs: isSuccess ? null : parseRetryAfter(retryAfter, this.#clock.now()),
    };
  }

  /** Most responses come in one piece, and need no second timer. */
  onPause(): void {
    if (this.#head === null || this.#isBodyTimed) return;
    this.#isBodyTimed = true;
    clearTimeout(this.#timer);
    const leftMs = this.#request.timeoutMs - this.#elapsedMs();
    this.#timer = setTimeout(onTime, Math.max(0, Math.min(BODY_MS, leftMs)), this);
  }

  onBody(piece: Buffer): void {
    this.#excerpt.add(piece);
    if (this.#excerpt.receivedBytes > MAX_RESPONSE_READ_BYTES) this.#end('invalid_response', null);
  }

  onEnd(): void {
    this.#end('invalid_response', null);
  }

  onError(error: unknown): void {
    const word = classifyFailure(error);
    if (this.#bytes !== null && this.#mayTryAgain(word)) {
      this.#wasSent = true;
      this.#connection = this.#pool.replace(this.#endpoint, this.#connection);
      this.#connection.send(this.#bytes, this);
      return;
    }
    if (this.#isRefusedAsClient(word)) this.#end('tls_failed', NO_CLIENT);
    else this.#end(word, failureDetail(error));
  }

  /**
   * A kept connection that the receiver closed while our request was on its way: no byte of an answer, and nobody read the
   * request. At once, on a new connection (so never twice), and still the same attempt.
   */
  #mayTryAgain(word: AttemptError): boolean {
    const { served, hasAnswered } = this.#connection;
    return word === 'connection_reset' && served > 0 && !hasAnswered && this.#elapsedMs() < STALE_CONNECTION_MS;
  }

  /** Asked for a certificate and hung up on without a byte: most likely for lack of one that it trusts. */
  #isRefusedAsClient(word: AttemptError): boolean {
    const { served, hasAnswered, isAskedWhoWeAre } = this.#connection;
    return word === 'connection_reset' && isAskedWhoWeAre && served === 0 && !hasAnswered;
  }

  /** @param error what the attempt comes to when no status line has come */
  #end(error: AttemptError, detail: string | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    const wasSent = this.#wasSent || this.#connection.hasSent;
    this.#pool.release(this.#endpoint, this.#connection);
    this.#onEnd(this, this.#outcome(error, detail, wasSent));
  }

  #outcome(error: AttemptError, detail: string | null, wasSent: boolean): AttemptOutcome {
    if (this.#head !== null) return { ...this.#head, responseExcerpt: this.#excerpt.text() };
    // The receiver may have it: an attempt that was made, although its end is not known.
    if (error === 'local' && wasSent) {
      const interrupted = new AttemptFailure('interrupted', 'the service stopped before the receiver answered');
      return failedOutcome(interrupted, this.#elapsedMs());
    }
    return failedOutcome(new AttemptFailure(error, detail), this.#elapsedMs());
  }

  #elapsedMs(): Milliseconds {
    return this.#clock.monotonicMs() - this.#startedAt;
  }
}

/** An attempt that got no answer. */
export function failedOutcome(failure: unknown, durationMs: Milliseconds): AttemptOutcome {
  return {
    statusCode: null,
    error: classifyFailure(failure),
    errorDetail: failureDetail(failure)?.slice(0, MAX_ERROR_DETAIL_CHARACTERS) ?? null,
    durationMs: Math.round(durationMs),
    responseExcerpt: null,
    retryAfterMs: null,
  };
}

function onTime(exchange: Exchange): void {
  exchange.timeOut();
}
