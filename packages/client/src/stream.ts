import { backoffMs, pause } from './backoff.ts';
import { ApiError, TriggersError } from './errors.ts';
import { type CallOptions, type Http, mayTryAgain } from './http.ts';
import { serverSentEvents } from './server-sent-events.ts';
import type { DeliveryNews, Dropped, Event } from './types.ts';

export interface StreamOptions extends CallOptions {
  /** Types or patterns such as `order.*`; default: all. */
  readonly types?: readonly string[];
  readonly kinds?: readonly ('event' | 'delivery')[];
  /** Resumes after this event. */
  readonly lastEventId?: string;
}

export type StreamMessage =
  | { readonly kind: 'event'; readonly data: Event }
  | { readonly kind: 'delivery'; readonly data: DeliveryNews }
  /** Counts of dropped messages. The stream is a view, not a queue: consumers that need every event use an inbox. */
  | { readonly kind: 'dropped'; readonly data: Dropped };

const KINDS: ReadonlySet<string> = new Set(['event', 'delivery', 'dropped']);

/**
 * Streams events and deliveries as they happen. It reconnects and resumes when the connection ends, and ends when the signal is
 * aborted.
 */
export async function* streamOf(http: Http, options: StreamOptions): AsyncGenerator<StreamMessage, void> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  let lastEventId = options.lastEventId;
  let failures = 0;
  try {
    while (!signal.aborted) {
      let asked: number | null = null;
      try {
        const response = await http.open('GET', '/api/stream', { signal, ...question(options, lastEventId) });
        failures = 0;
        for await (const message of serverSentEvents(response)) {
          lastEventId = message.lastEventId || lastEventId;
          if (KINDS.has(message.event)) {
            yield { kind: message.event, data: http.parse(message.data) } as StreamMessage;
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        asked = askedToWait(error);
      }
      failures++;
      await pause(backoffMs(failures, asked), signal).catch(() => undefined);
    }
  } finally {
    stop.abort();
  }
}

/**
 * Throws errors that a retry cannot fix.
 * @returns the seconds of `Retry-After`; null if there was none
 */
function askedToWait(error: unknown): number | null {
  if (error instanceof TriggersError && !mayTryAgain(error, true)) throw error;
  return error instanceof ApiError ? error.retryAfterSeconds : null;
}

function question({ types, kinds }: StreamOptions, lastEventId: string | undefined) {
  return {
    query: { types: types?.join(','), kinds: kinds?.join(',') },
    headers: { accept: 'text/event-stream', ...(lastEventId ? { 'last-event-id': lastEventId } : {}) },
  };
}
