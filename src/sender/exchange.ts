import type { AttemptError, AttemptOutcome } from '../core/delivery/delivery.ts';
import { MAX_ERROR_DETAIL_CHARACTERS, MAX_RESPONSE_READ_BYTES } from '../core/limits.ts';
import type { Milliseconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { OutgoingRequest } from '../ports/sender.ts';
import { AttemptFailure, classifyFailure, failureDetail } from './attempt-failure.ts';
import type { Connection, ConnectionPool, EndpointConnections, ResponseWaiter } from './connections/index.ts';
import { type RequestBytes, requestBytes } from './request-bytes.ts';
import { Excerpt, parseRetryAfter } from './responses/index.ts';

/** After the status line the outcome is fixed: a slow body holds its slot no longer than this. */
const BODY_MS: Milliseconds = 1_000;

/**
 * A reused connection that the receiver had already closed fails within a round trip. After a later failure the
 * receiver may have processed the request, so a resend counts as another attempt.
 */
const STALE_CONNECTION_MS: Milliseconds = 250;

const NO_CLIENT = 'the receiver asks for a client certificate, or does not accept the one it got';

type Head = Omit<AttemptOutcome, 'responseExcerpt'>;

/**
 * One request and its outcome, without a stream or AbortController per request, and with one timer.
 *
 * States:
 *   created ──start──► sent ──status line──► reading the body ──end of the body──► done
 *   sent ──reset before any byte, reused connection, within 250 ms──► sent again on a new connection, once
 *   sent ──timeout, error, abort──► done without a response
 *   reading the body ──timeout, error, too long──► done; the status line decides the outcome
 */
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
  /** Sent on an earlier connection. */
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

  /** Sends the request; call once. `onEnd` may be called before this returns. */
  start(): void {
    try {
      this.#bytes = requestBytes(this.#request, this.#endpoint.target, this.#userAgent);
    } catch (error) {
      this.#end(classifyFailure(error), failureDetail(error));
      return;
    }
    this.#connection.send(this.#bytes, this);
  }

  /** Ends the exchange at its deadline; without a status line the attempt has timed out. */
  timeOut(): void {
    this.#end('timeout', `timed out waiting for ${this.#connection.waitingFor}`);
  }

  /** Ends the exchange because the service stops. */
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

  /** Starts the body's timer; most responses arrive in one piece and need none. */
  onPause(): void {
    if (this.#head === null || this.#isBodyTimed) return;
    this.#isBodyTimed = true;
    clearTimeout(this.#timer);
    const remainingMs = this.#request.timeoutMs - this.#elapsedMs();
    this.#timer = setTimeout(onTime, Math.max(0, Math.min(BODY_MS, remainingMs)), this);
  }

  onBody(piece: Buffer): void {
    this.#excerpt.add(piece);
    if (this.#excerpt.receivedBytes > MAX_RESPONSE_READ_BYTES) this.#end('invalid_response', null);
  }

  onEnd(): void {
    this.#end('invalid_response', null);
  }

  onError(error: unknown): void {
    const code = classifyFailure(error);
    if (this.#bytes !== null && this.#canResend(code)) {
      this.#wasSent = true;
      this.#connection = this.#pool.replace(this.#endpoint, this.#connection);
      this.#connection.send(this.#bytes, this);
      return;
    }
    if (this.#isClientRefused(code)) this.#end('tls_failed', NO_CLIENT);
    else this.#end(code, failureDetail(error));
  }

  /**
   * Whether the request may be sent again within this attempt: a reused connection was closed before any byte of a
   * response, so the receiver did not read the request. The resend uses a new connection, so it happens once.
   */
  #canResend(code: AttemptError): boolean {
    const { served, hasAnswered } = this.#connection;
    return code === 'connection_reset' && served > 0 && !hasAnswered && this.#elapsedMs() < STALE_CONNECTION_MS;
  }

  /** The receiver asked for a certificate and closed without a byte, most likely because it trusts none that was sent. */
  #isClientRefused(code: AttemptError): boolean {
    const { served, hasAnswered, clientCertificateRequested } = this.#connection;
    return code === 'connection_reset' && clientCertificateRequested && served === 0 && !hasAnswered;
  }

  /** @param error the attempt's error if no status line has arrived */
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
    // The receiver may have the request: the attempt was made, although its outcome is unknown.
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

/** The outcome of an attempt without a response. */
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
