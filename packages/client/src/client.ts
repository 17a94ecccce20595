import { type BatchResult, sendInGroups } from './batch.ts';
import { type EventToSend, prepare } from './events.ts';
import { type CallOptions, type ClientOptions, Http } from './http.ts';
import { Inbox } from './inbox.ts';
import { Deliveries, Endpoints, Events, Keys } from './resources.ts';
import { type StreamMessage, type StreamOptions, streamOf } from './stream.ts';
import type { Accepted, Duplicate } from './types.ts';

/** One organization at one service. Nothing is connected until something is asked. */
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

  /** Resolves when the event is stored. Tried again after 429, 503 and broken connections, with one dedup id: stored once. */
  async send(event: EventToSend, options: CallOptions = {}): Promise<Accepted | Duplicate> {
    const { text, ownId } = prepare(event);
    const sent = await this.#http.json<Accepted | Duplicate>('POST', '/api/events', {
      ...options,
      text,
      repeatable: true,
    });
    return ownId ? { ...sent, status: 'accepted' } : sent;
  }

  /** All of them, in groups that the service takes. Results are in the events' order, each for itself. */
  async sendBatch(events: readonly EventToSend[], options: CallOptions = {}): Promise<BatchResult[]> {
    const results: BatchResult[] = [];
    for await (const result of this.sendEach(events, options)) results.push(result);
    return results;
  }

  /** As `sendBatch` for more events than fit in memory: a result for each, in order, as their groups are done. */
  sendEach(
    events: Iterable<EventToSend> | AsyncIterable<EventToSend>,
    options: CallOptions = {},
  ): AsyncGenerator<BatchResult, void> {
    return sendInGroups(this.#http, events, options);
  }

  /** Events and deliveries as they happen, through broken connections. */
  stream(options: StreamOptions = {}): AsyncGenerator<StreamMessage, void> {
    return streamOf(this.#http, options);
  }
}
