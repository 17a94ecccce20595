import { backoffMs, pause } from './backoff.ts';
import { TriggersError } from './errors.ts';
import { type CallOptions, type Http, mayTryAgain } from './http.ts';
import { LeasedMessages } from './leased-messages.ts';
import { rowsOf } from './pages.ts';
import type { InboxMessage, Lease } from './types.ts';

export interface LeaseOptions extends CallOptions {
  /** `default` when not given. */
  readonly inbox?: string;
  readonly eventTypes?: readonly string[];
  /** For how long an event belongs to this consumer; renewed while it is worked on. 60 when not given. */
  readonly leaseSeconds?: number;
}

export interface ConsumeOptions extends LeaseOptions {
  /** How many handlers run at once; 10 when not given. */
  readonly concurrency?: number;
  /** After a handler that failed, before anybody gets the event again; 30 when not given. */
  readonly retryDelaySeconds?: number;
  /** Told what a handler threw; the event is given back either way. */
  readonly onError?: (error: unknown, message: InboxMessage) => void;
}

export interface RequeueOptions extends CallOptions {
  /** `default` when not given. */
  readonly inbox?: string;
  readonly eventIds?: readonly string[];
  /** Patterns; all when not given. */
  readonly eventTypes?: readonly string[];
  /** Events accepted then or later, and before: times such as 2026-01-31T12:00:00Z. */
  readonly from?: string;
  readonly to?: string;
}

/** @param signal aborted when the consumer is to end */
export type Handler = (message: InboxMessage, signal: AbortSignal) => Promise<unknown> | unknown;

const WAIT_SECONDS = 20;
const DEFAULTS = { leaseSeconds: 60, concurrency: 10, retryDelaySeconds: 30 } as const;

export class Inbox {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Looks and takes nothing. Oldest first. */
  list(
    options: CallOptions & { readonly inbox?: string; readonly status?: string } = {},
  ): AsyncGenerator<InboxMessage, void> {
    const { signal, ...query } = options;
    return rowsOf(this.#http, '/api/inbox', { query, ...(signal === undefined ? {} : { signal }) });
  }

  /**
   * Makes quarantined events available again, with a fresh count: those named by `eventIds`, else all that fit.
   * @returns how many
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
   * Calls `handler` with each event: acknowledges it when it resolves, gives it back when it rejects. Runs until the
   * signal is aborted; then it takes nothing more, waits for the handlers that run, gives back what they didn't finish,
   * and resolves. Rejects when the service refuses it for good, as after the key was revoked.
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
   * The events one by one. An event is acknowledged when the loop comes back for the next one, and given back when the loop
   * is left before, by `break` or an error.
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
    // One that fails: the lease runs out, and the event comes again.
    await leased.acknowledge(message.id).catch((error) => options.onError?.(error, message));
  }

  /** Waits for the first event; undefined = none came, or it is to end. */
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
