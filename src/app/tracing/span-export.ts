import { hostname } from 'node:os';
import { request } from 'undici';
import type { Milliseconds } from '../../core/time.ts';
import type { Log } from '../../ports/observability/log.ts';
import { VERSION } from '../version.ts';
import { attributes, type Span } from './span.ts';

/** Spans that may wait for the collector, some hundred bytes each. Further ones are dropped and counted. */
const MAX_WAITING = 4_096;
const MAX_IN_REQUEST = 512;
const PAUSE_MS: Milliseconds = 1_000;
const TIMEOUT_MS: Milliseconds = 5_000;
/** A stop waits at most this long for the collector. */
const CLOSE_TIMEOUT_MS: Milliseconds = 2_000;

/**
 * Exports spans to a collector, as OTLP over HTTP in JSON. Spans that the collector does not accept are dropped: tracing never
 * blocks the service.
 */
export class SpanExport {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #resource: object;
  readonly #log: Log;
  #waiting: Span[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  constructor(parts: { endpoint: string; headers: string | null; serviceName: string; role: string; log: Log }) {
    this.#url = `${parts.endpoint.replace(/\/+$/, '')}/v1/traces`;
    this.#headers = { ...pairs(parts.headers), 'content-type': 'application/json' };
    this.#log = parts.log;
    this.#resource = {
      attributes: attributes({
        'service.name': parts.serviceName,
        'service.version': VERSION,
        'service.instance.id': `${hostname()}-${process.pid}`,
        'triggers.role': parts.role,
      }),
    };
  }

  add(span: Span): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= MAX_IN_REQUEST) void this.#send();
    else this.#timer ??= setTimeout(() => void this.#send(), PAUSE_MS).unref();
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    });
    await Promise.race([this.#sendAll(), late]);
    clearTimeout(timer);
  }

  async #sendAll(): Promise<void> {
    await this.#send();
    // Spans that were added during the request.
    await this.#send();
  }

  /** Sends one request at a time, with all spans that wait by then. */
  #send(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#drain().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const spans = this.#waiting.splice(0, MAX_IN_REQUEST);
      const failure = await this.#post(spans);
      if (failure !== null) this.#dropped += spans.length;
      this.#logDropped(failure);
    }
  }

  /** @returns the reason of a failure; null = accepted */
  async #post(spans: readonly Span[]): Promise<string | null> {
    const scopeSpans = [{ scope: { name: 'triggers-api', version: VERSION }, spans }];
    try {
      const { statusCode, body } = await request(this.#url, {
        method: 'POST',
        headers: this.#headers,
        body: JSON.stringify({ resourceSpans: [{ resource: this.#resource, scopeSpans }] }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await body.dump();
      return statusCode < 300 ? null : `it answered ${statusCode}`;
    } catch {
      return 'it cannot be reached';
    }
  }

  #logDropped(failure: string | null): void {
    if (this.#dropped === 0) return;
    const count = this.#dropped;
    this.#dropped = 0;
    const why = failure ?? 'the queue was full';
    this.#log.sampled('traces', 'warn', () => `${count} spans were dropped; trace collector: ${why}`);
  }
}

/** `OTEL_EXPORTER_OTLP_HEADERS`: values are URL-encoded. */
function pairs(text: string | null): Record<string, string> {
  return Object.fromEntries(
    (text ?? '')
      .split(',')
      .filter((pair) => pair !== '')
      .map((pair) => {
        const at = pair.indexOf('=');
        return [pair.slice(0, at).toLowerCase(), decoded(pair.slice(at + 1))];
      }),
  );
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
