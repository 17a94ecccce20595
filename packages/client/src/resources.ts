import type { CallOptions, Http } from './http.ts';
import { rowsOf } from './pages.ts';
import type {
  Attempt,
  Delivery,
  DeliveryWithAttempts,
  Endpoint,
  Event,
  EventWithDeliveries,
  Key,
  NewEndpoint,
  NewKey,
} from './types.ts';

/** Times are ISO 8601. */
interface Between extends CallOptions {
  readonly from?: string;
  readonly to?: string;
  /** Rows of a page, 1 to 1,000. */
  readonly limit?: number;
}

export interface EventQuery extends Between {
  readonly type?: string;
}

export interface DeliveryQuery extends Between {
  readonly status?: Delivery['status'];
  readonly endpoint_id?: string;
  readonly event_id?: string;
  readonly type?: string;
}

/** The options of an endpoint. The service has defaults for all except `url`. */
export type EndpointOptions = Partial<
  Pick<
    Endpoint,
    | 'description'
    | 'event_types'
    | 'headers'
    | 'rate_limit'
    | 'max_concurrency'
    | 'timeout_seconds'
    | 'max_attempts'
    | 'retry_schedule'
    | 'ordered'
    | 'filter'
    | 'batch'
    | 'enabled'
  >
> & { readonly secret?: string };

export class Events {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Newest first. */
  list({ signal, ...query }: EventQuery = {}): AsyncGenerator<Event, void> {
    return rowsOf(this.#http, '/api/events', { query, ...only(signal) });
  }

  get(id: string, options: CallOptions = {}): Promise<EventWithDeliveries> {
    return this.#http.json('GET', `/api/events/${encodeURIComponent(id)}`, options);
  }

  /** Replays the event to all matching endpoints, or to some. */
  replay(id: string, body: { readonly endpoint_ids?: readonly string[] } = {}): Promise<{ deliveries: number }> {
    return this.#http.json('POST', `/api/events/${encodeURIComponent(id)}/replay`, { body });
  }
}

export class Endpoints {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  list({ signal }: CallOptions = {}): AsyncGenerator<Endpoint, void> {
    return rowsOf(this.#http, '/api/endpoints', only(signal));
  }

  get(id: string): Promise<Endpoint> {
    return this.#http.json('GET', at(id));
  }

  /** The answer contains the secret. */
  create(endpoint: { readonly url: string } & EndpointOptions): Promise<NewEndpoint> {
    return this.#http.json('POST', '/api/endpoints', { body: endpoint });
  }

  update(id: string, changes: { readonly url?: string } & EndpointOptions): Promise<Endpoint> {
    return this.#http.json('PATCH', at(id), { body: changes, repeatable: true });
  }

  async delete(id: string): Promise<void> {
    await this.#http.text('DELETE', at(id));
  }

  secret(id: string): Promise<{ secret: string }> {
    return this.#http.json('GET', `${at(id)}/secret`);
  }

  /** Rotates the secret. Both secrets sign during the grace period. */
  rotateSecret(
    id: string,
    body: { readonly grace_seconds?: number } = {},
  ): Promise<{ secret: string; previous_secret_expires_at: string | null }> {
    return this.#http.json('POST', `${at(id)}/rotate-secret`, { body });
  }

  /** Sends a test event to this endpoint, and resolves with the attempt. */
  test(id: string, body: { readonly type?: string; readonly data?: unknown } = {}): Promise<Attempt> {
    return this.#http.json('POST', `${at(id)}/test`, { body });
  }
}

export class Deliveries {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  list({ signal, ...query }: DeliveryQuery = {}): AsyncGenerator<Delivery, void> {
    return rowsOf(this.#http, '/api/deliveries', { query, ...only(signal) });
  }

  get(id: string): Promise<DeliveryWithAttempts> {
    return this.#http.json('GET', `/api/deliveries/${encodeURIComponent(id)}`);
  }

  async retry(id: string): Promise<void> {
    await this.#http.text('POST', `/api/deliveries/${encodeURIComponent(id)}/retry`);
  }

  /** Retries all failed deliveries, or some of them. */
  retryAll(
    query: Omit<DeliveryQuery, 'status' | 'limit' | 'signal' | 'event_id'> = {},
  ): Promise<{ deliveries: number }> {
    return this.#http.json('POST', '/api/deliveries/retry', { body: { status: 'failed', ...query } });
  }
}

export class Keys {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Lists keys with their prefixes, never the whole key. */
  list({ signal }: CallOptions = {}): AsyncGenerator<Key, void> {
    return rowsOf(this.#http, '/api/keys', only(signal));
  }

  /** Creates a key of this organization. */
  create(name: string): Promise<NewKey> {
    return this.#http.json('POST', '/api/keys/generate', { body: { name } });
  }

  /** Rotates the calling key, which stays valid for the grace period. */
  rotate(body: { readonly grace_seconds?: number } = {}): Promise<NewKey & { previous_expires_at: string | null }> {
    return this.#http.json('POST', '/api/keys/rotate', { body });
  }

  async revoke(id: string): Promise<void> {
    await this.#http.text('DELETE', `/api/keys/${encodeURIComponent(id)}`);
  }
}

function at(id: string): string {
  return `/api/endpoints/${encodeURIComponent(id)}`;
}

function only(signal: AbortSignal | undefined): CallOptions {
  return signal === undefined ? {} : { signal };
}
