import type { AttemptError, AttemptOutcome } from '../core/delivery.ts';
import { MAX_RESPONSE_READ_BYTES } from '../core/limits.ts';
import type { Milliseconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { OutgoingRequest } from '../ports/sender.ts';
import { classifyFailure } from './attempt-failure.ts';
import type { Connection, ResponseWaiter } from './connection.ts';
import type { ConnectionPool, EndpointConnections } from './connection-pool.ts';
import { Excerpt } from './excerpt.ts';
import { type RequestBytes, requestBytes } from './request-bytes.ts';
import { parseRetryAfter } from './retry-after.ts';

/** After the status line the outcome is known: a body that drips holds its slot no longer than this. */
const BODY_MS: Milliseconds = 1_000;

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
      this.#end(classifyFailure(error));
      return;
    }
    this.#connection.send(this.#bytes, this);
  }

  /** Ends it now; without an answer the attempt comes to `error`. */
  abort(error: AttemptError): void {
    this.#end(error);
  }

  // --- called by the connection ---

  onHead(statusCode: number, retryAfter: string | undefined): void {
    const isSuccess = statusCode < 300;
    this.#head = {
      statusCode,
      error: isSuccess ? null : 'status',
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
    if (this.#excerpt.receivedBytes > MAX_RESPONSE_READ_BYTES) this.#end('invalid_response');
  }

  onEnd(): void {
    this.#end('invalid_response');
  }

  onError(error: unknown): void {
    const word = classifyFailure(error);
    if (this.#bytes !== null && this.#mayTryAgain(word)) {
      this.#connection = this.#pool.replace(this.#endpoint, this.#connection);
      this.#connection.send(this.#bytes, this);
      return;
    }
    this.#end(this.#isRefusedAsClient(word) ? 'tls_failed' : word);
  }

  /**
   * A kept connection that the receiver closed while our request was on its way: no byte of an answer, and most likely
   * nobody read the request. At once, on a new connection (so never twice), and still the same attempt.
   */
  #mayTryAgain(word: AttemptError): boolean {
    const { served, hasAnswered } = this.#connection;
    return word === 'connection_reset' && served > 0 && !hasAnswered;
  }

  /** Asked for a certificate and hung up on without a byte: most likely for lack of one that it trusts. */
  #isRefusedAsClient(word: AttemptError): boolean {
    const { served, hasAnswered, isAskedWhoWeAre } = this.#connection;
    return word === 'connection_reset' && isAskedWhoWeAre && served === 0 && !hasAnswered;
  }

  /** @param error what the attempt comes to when no status line has come */
  #end(error: AttemptError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#pool.release(this.#endpoint, this.#connection);
    this.#onEnd(this, this.#outcome(error));
  }

  #outcome(error: AttemptError): AttemptOutcome {
    if (this.#head !== null) return { ...this.#head, responseExcerpt: this.#excerpt.text() };
    return failedOutcome(error, this.#elapsedMs());
  }

  #elapsedMs(): Milliseconds {
    return this.#clock.monotonicMs() - this.#startedAt;
  }
}

/** An attempt that got no answer. */
export function failedOutcome(error: AttemptError, durationMs: Milliseconds): AttemptOutcome {
  return { statusCode: null, error, durationMs: Math.round(durationMs), responseExcerpt: null, retryAfterMs: null };
}

function onTime(exchange: Exchange): void {
  exchange.abort('timeout');
}
