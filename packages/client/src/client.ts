import { type BatchResult, sendInGroups } from './batch.ts';
import { type EventToSend, prepare } from './events.ts';
import { type CallOptions, type ClientOptions, Http } from './http.ts';
import { Inbox } from './inbox.ts';
import { Deliveries, Endpoints, Events, Keys } from './resources.ts';
import { type StreamMessage, type StreamOptions, streamOf } from './stream.ts';
import type { Accepted, Duplicate } from './types.ts';

/** A client for one organization of a service. It connects at the first request. */
export class TriggersClient {
  readonly events: Events;
  readonly endpoints: Endpoints;
  readonly deliveries: Deliveries;
  readonly keys: Keys;
  readonly inbox: Inbox;
  readonly #http: Http;

  constructor(options: ClientOptions) {
    this.#http = new Http(options);
    this.events = new Events(this.#http);
    this.endpoints = new Endpoints(this.#http);
    this.deliveries = new Deliveries(this.#http);
    this.keys = new Keys(this.#http);
    this.inbox = new Inbox(this.#http);
  }

  /**
   * Resolves when the event is stored. Retries 429, 503 and broken connections with the same dedup id, so that the event is
   * stored once.
   */
  async send(event: EventToSend, options: CallOptions = {}): Promise<Accepted | Duplicate> {
    const { text, ownId } = prepare(event);
    const sent = await this.#http.json<Accepted | Duplicate>('POST', '/api/events', {
      ...options,
      text,
      repeatable: true,
    });
    return ownId ? { ...sent, status: 'accepted' } : sent;
  }

  /**
   * Sends all events, in groups within the service's bounds. Results are in the order of the events, and independent of each
   * other.
   */
  async sendBatch(events: readonly EventToSend[], options: CallOptions = {}): Promise<BatchResult[]> {
    const results: BatchResult[] = [];
    for await (const result of this.sendEach(events, options)) results.push(result);
    return results;
  }

  /** The same as `sendBatch` for more events than fit in memory. It yields the results in order, group by group. */
  sendEach(
    events: Iterable<EventToSend> | AsyncIterable<EventToSend>,
    options: CallOptions = {},
  ): AsyncGenerator<BatchResult, void> {
    return sendInGroups(this.#http, events, options);
  }

  /** Streams events and deliveries as they happen, and reconnects after broken connections. */
  stream(options: StreamOptions = {}): AsyncGenerator<StreamMessage, void> {
    return streamOf(this.#http, options);
  }
}
