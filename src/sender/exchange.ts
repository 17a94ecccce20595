import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { AttemptError, AttemptOutcome } from '../core/delivery.ts';
import { MAX_RESPONSE_READ_BYTES } from '../core/limits.ts';
import type { Milliseconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { OutgoingRequest } from '../ports/sender.ts';
import { classifyFailure } from './attempt-failure.ts';
import type { Connection } from './connection.ts';
import type { ConnectionPool, EndpointConnections } from './connection-pool.ts';
import { Excerpt } from './excerpt.ts';
import { parseRetryAfter } from './retry-after.ts';

/** After the status line the outcome is known: a body that drips holds its slot no longer than this. */
const BODY_MS: Milliseconds = 1_000;
/** `102`, `103`, …: more than this are no answer but a way to keep us busy. */
const MAX_INTERIM_RESPONSES = 16;

type Head = Omit<AttemptOutcome, 'responseExcerpt'>;

/**
 * One request and its outcome, as the handler that undici calls directly: no stream, no promise and no AbortController
 * for each, and one timer over all of it.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #pool: ConnectionPool;
  readonly #endpoint: EndpointConnections;
  readonly #clock: Clock;
  readonly #options: Dispatcher.DispatchOptions;
  readonly #onEnd: (exchange: Exchange, outcome: AttemptOutcome) => void;
  readonly #startedAt: Milliseconds;
  readonly #timeoutMs: Milliseconds;
  readonly #excerpt = new Excerpt();
  #timer: NodeJS.Timeout;
  #connection: Connection;
  #head: Head | null = null;
  #interimResponses = 0;
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
    this.#pool = args.pool;
    this.#endpoint = endpoint;
    this.#clock = args.clock;
    this.#onEnd = args.onEnd;
    this.#startedAt = args.clock.monotonicMs();
    this.#timeoutMs = request.timeoutMs;
    this.#options = {
      path: endpoint.target.path,
      method: 'POST',
      headers: withOurs(request.headers, args.userAgent),
      body: request.body,
    };
    this.#timer = setTimeout(onTime, request.timeoutMs, this);
    this.#connection = args.pool.take(endpoint);
  }

  /** To be called once. `onEnd` may be called before it returns. */
  start(): void {
    this.#dispatch();
  }

  /** Ends it now; without an answer the attempt comes to `error`. */
  abort(error: AttemptError): void {
    this.#end(error, false);
  }

  // --- called by undici ---

  onRequestStart(): void {
    // Nothing to do; undici insists on the method.
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number, headers: IncomingHttpHeaders): void {
    if (this.#isOver) return;
    if (statusCode < 200) this.#onInterimResponse(statusCode);
    else this.#onHead(statusCode, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    this.#excerpt.add(chunk);
    if (this.#excerpt.receivedBytes > MAX_RESPONSE_READ_BYTES) this.#end('invalid_response', false);
  }

  onResponseEnd(): void {
    this.#end('invalid_response', true);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver) return;
    const word = classifyFailure(error);
    if (this.#mayTryAgain(word)) {
      this.#connection = this.#pool.replace(this.#endpoint, this.#connection);
      this.#dispatch();
      return;
    }
    this.#end(this.#isRefusedAsClient(word) ? 'tls_failed' : word, false);
  }

  #dispatch(): void {
    this.#connection.dispatch(this.#options, this, () => this.#end('invalid_response', false));
  }

  #onInterimResponse(statusCode: number): void {
    this.#interimResponses += 1;
    const isNoAnswer = statusCode < 100 || statusCode === 101 || this.#interimResponses > MAX_INTERIM_RESPONSES;
    if (isNoAnswer) this.#end('invalid_response', false);
  }

  #onHead(statusCode: number, headers: IncomingHttpHeaders): void {
    const isSuccess = statusCode < 300;
    const durationMs = this.#elapsedMs();
    this.#head = {
      statusCode,
      error: isSuccess ? null : 'status',
      durationMs: Math.round(durationMs),
      retryAfterMs: isSuccess ? null : parseRetryAfter(headers['retry-after'], this.#clock.now()),
    };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(onTime, Math.max(0, Math.min(BODY_MS, this.#timeoutMs - durationMs)), this);
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
  #end(error: AttemptError, isReusable: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#pool.release(this.#endpoint, this.#connection, isReusable);
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

/** As undici's flat list of names and values. The request's own words win. */
function withOurs(headers: Readonly<Record<string, string>>, userAgent: string): string[] {
  const list: string[] = [];
  for (const name in headers) list.push(name, headers[name] ?? '');
  if (headers['user-agent'] === undefined) list.push('user-agent', userAgent);
  // Nothing is decompressed here: a kilobyte could become a gigabyte.
  if (headers['accept-encoding'] === undefined) list.push('accept-encoding', 'identity');
  return list;
}
