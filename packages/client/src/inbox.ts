import { backoffMs, pause } from './backoff.ts';
import { TriggersError } from './errors.ts';
import { type CallOptions, type Http, mayTryAgain } from './http.ts';
import { LeasedMessages } from './leased-messages.ts';
import { rowsOf } from './pages.ts';
import type { InboxMessage, Lease } from './types.ts';

export interface LeaseOptions extends CallOptions {
  /** Default: `default`. */
  readonly inbox?: string;
  readonly eventTypes?: readonly string[];
  /** Duration of a lease, which is renewed while the handler runs; default 60. */
  readonly leaseSeconds?: number;
}

export interface ConsumeOptions extends LeaseOptions {
  /** Maximum number of concurrent handlers; default 10. */
  readonly concurrency?: number;
  /** Delay until an event is available again after its handler failed; default 30. */
  readonly retryDelaySeconds?: number;
  /** Called with the error of a handler. The event is released in any case. */
  readonly onError?: (error: unknown, message: InboxMessage) => void;
}

export interface RequeueOptions extends CallOptions {
  /** Default: `default`. */
  readonly inbox?: string;
  readonly eventIds?: readonly string[];
  /** Patterns; default: all. */
  readonly eventTypes?: readonly string[];
  /** Only events accepted at or after `from` and before `to`, such as 2026-01-31T12:00:00Z. */
  readonly from?: string;
  readonly to?: string;
}

/** @param signal aborted when the consumer should stop */
export type Handler = (message: InboxMessage, signal: AbortSignal) => Promise<unknown> | unknown;

const WAIT_SECONDS = 20;
const DEFAULTS = { leaseSeconds: 60, concurrency: 10, retryDelaySeconds: 30 } as const;

export class Inbox {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Lists events without leasing them, oldest first. */
  list(
    options: CallOptions & { readonly inbox?: string; readonly status?: string } = {},
  ): AsyncGenerator<InboxMessage, void> {
    const { signal, ...query } = options;
    return rowsOf(this.#http, '/api/inbox', { query, ...(signal === undefined ? {} : { signal }) });
  }

  /**
   * Makes quarantined events available again and resets their lease count: those of `eventIds`, or all that match.
   * @returns the number of events
   */
  async requeue(options: RequeueOptions = {}): Promise<number> {
    const { signal, inbox, eventIds, eventTypes, from, to } = options;
    const wanted = eventIds === undefined ? { all: true, event_types: eventTypes, from, to } : { event_ids: eventIds };
    let requeued = 0;
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const done = await this.#http.json<{ requeued: number; next_cursor: string | null }>(
        'POST',
        '/api/inbox/requeue',
        {
          body: { inbox, ...wanted, cursor },
          ...(signal === undefined ? {} : { signal }),
        },
      );
      requeued += done.requeued;
      cursor = done.next_cursor;
    }
    return requeued;
  }

  /**
   * Calls `handler` with each event. Acknowledges the event when the handler resolves, releases it when the handler rejects.
   * Runs until the signal is aborted: it then leases nothing more, waits for running handlers, releases unfinished events, and
   * resolves. Rejects if the service refuses permanently, for example after the key was revoked.
   */
  async consume(handler: Handler, options: ConsumeOptions = {}): Promise<void> {
    const signal = options.signal ?? new AbortController().signal;
    const concurrency = options.concurrency ?? DEFAULTS.concurrency;
    const running = new Set<Promise<void>>();
    try {
      while (!signal.aborted) {
        const leased = await this.#lease(concurrency - running.size, { ...options, signal });
        for (const message of leased?.messages ?? []) {
          const work = this.#handle(message, leased as LeasedMessages, handler, { ...options, signal });
          running.add(work);
          void work.finally(() => running.delete(work));
        }
        if (running.size >= concurrency) await Promise.race(running);
      }
    } finally {
      await Promise.all(running);
    }
  }

  /**
   * Yields events one by one. An event is acknowledged when the loop requests the next one, and released if the loop ends
   * before, by `break` or an error.
   */
  async *messages(options: LeaseOptions = {}): AsyncGenerator<InboxMessage, void> {
    const signal = options.signal ?? new AbortController().signal;
    while (!signal.aborted) {
      const leased = await this.#lease(DEFAULTS.concurrency, { ...options, signal });
      if (leased === undefined) continue;
      try {
        for (const message of leased.messages) {
          if (signal.aborted) break;
          yield message;
          await leased.acknowledge(message.id);
        }
      } finally {
        await leased.releaseRest();
      }
    }
  }

  async #handle(
    message: InboxMessage,
    leased: LeasedMessages,
    handler: Handler,
    options: ConsumeOptions & { readonly signal: AbortSignal },
  ): Promise<void> {
    try {
      await handler(message, options.signal);
    } catch (error) {
      options.onError?.(error, message);
      const delay = options.signal.aborted ? 0 : (options.retryDelaySeconds ?? DEFAULTS.retryDelaySeconds);
      await leased.release(message.id, delay).catch(() => undefined);
      return;
    }
    // If this fails, the lease expires and the event is available again.
    await leased.acknowledge(message.id).catch((error) => options.onError?.(error, message));
  }

  /**
   * Waits for the first event.
   * @returns undefined if there was none, or the signal was aborted
   */
  async #lease(limit: number, options: LeaseOptions & { signal: AbortSignal }): Promise<LeasedMessages | undefined> {
    const { signal, inbox, eventTypes } = options;
    const leaseSeconds = options.leaseSeconds ?? DEFAULTS.leaseSeconds;
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        const lease = await this.#http.json<Lease>('POST', '/api/inbox/lease', {
          signal,
          body: {
            inbox,
            lease_limit: limit,
            lease_seconds: leaseSeconds,
            wait_seconds: WAIT_SECONDS,
            event_types: eventTypes,
          },
        });
        if (lease.lease_id === null) return undefined;
        return new LeasedMessages(this.#http, { inbox, leaseId: lease.lease_id, leaseSeconds }, lease.data);
      } catch (error) {
        if (signal.aborted) return undefined;
        if (error instanceof TriggersError && !mayTryAgain(error, true)) throw error;
        await pause(backoffMs(tries, null), signal).catch(() => undefined);
      }
    }
    return undefined;
  }
}
