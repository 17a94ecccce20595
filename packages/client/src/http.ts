import { backoffMs, pause } from './backoff.ts';
import { ApiError, apiErrorOf, NetworkError } from './errors.ts';

export interface ClientOptions {
  /** For example `http://localhost:8000`. */
  readonly url: string;
  readonly apiKey: string;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Maximum number of tries; default 6, which takes about 6 s without a Retry-After. */
  readonly maxTries?: number;
  /** Timeout of one try; default 60 s. Long polls and streams have their own. */
  readonly timeoutMs?: number;
  /** Parses JSON of answers. Replace it to keep integers above 2^53 in `data`. */
  readonly parse?: (text: string) => unknown;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface Request extends CallOptions {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent unchanged. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the request may be repeated after a lost answer. GET may always be repeated. */
  readonly repeatable?: boolean;
}

const DEFAULT_TRIES = 6;
const DEFAULT_TIMEOUT_MS = 60_000;

/** Sends requests with retries. Only this class calls `fetch`. */
export class Http {
  readonly #options: ClientOptions;
  readonly #base: string;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#base = options.url.replace(/\/+$/, '');
  }

  async json<Answer>(method: string, path: string, request: Request = {}): Promise<Answer> {
    return this.parse<Answer>(await this.text(method, path, request));
  }

  parse<Answer>(text: string): Answer {
    return (this.#options.parse ?? JSON.parse)(text) as Answer;
  }

  async text(method: string, path: string, request: Request = {}): Promise<string> {
    const repeatable = request.repeatable ?? method === 'GET';
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(method, path, request);
      } catch (error) {
        const again = tries < (this.#options.maxTries ?? DEFAULT_TRIES) && mayTryAgain(error, repeatable);
        if (!again) throw error;
        const asked = error instanceof ApiError ? error.retryAfterSeconds : null;
        await pause(backoffMs(tries, asked), request.signal);
      }
    }
  }

  /** Makes one try without a timeout. The caller reads the body. */
  async open(method: string, path: string, request: Request): Promise<Response> {
    const body = request.text ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
    const fetch = this.#options.fetch ?? globalThis.fetch;
    let response: Response;
    try {
      response = await fetch(this.#base + path + queryText(request.query), {
        method,
        // Redirects are not followed: they would send the key and the event to another server.
        redirect: 'error',
        headers: {
          'x-api-key': this.#options.apiKey,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...request.headers,
        },
        ...(body === undefined ? {} : { body }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
    } catch (error) {
      throw brokenConnection(error, request.signal);
    }
    if (!response.ok) throw await apiErrorOf(response);
    return response;
  }

  async #once(method: string, path: string, request: Request): Promise<string> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
    try {
      return await (await this.open(method, path, { ...request, signal })).text();
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      if (timeout.aborted) throw new NetworkError('timeout', 'No answer came in time.', { cause: error });
      if (error instanceof ApiError) throw error;
      throw brokenConnection(error);
    }
  }
}

function brokenConnection(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof NetworkError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && /redirect/i.test(cause.message)) {
    return new NetworkError(
      'redirect',
      'The service answered with a redirect, which the client does not follow: set `url` to the final URL.',
      { cause: error },
    );
  }
  const reason = cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : '') : String(cause);
  return new NetworkError('network', `The service could not be reached: ${reason}`, { cause: error });
}

/** Whether a request may be retried. After 429 and 503 nothing was stored; after other failures that is unknown. */
export function mayTryAgain(error: unknown, repeatable: boolean): boolean {
  if (error instanceof NetworkError) return repeatable && error.code !== 'redirect';
  if (!(error instanceof ApiError)) return false;
  if (error.status === 429 || error.status === 503) return true;
  return repeatable && (error.status === 502 || error.status === 504);
}

function queryText(query: Request['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
