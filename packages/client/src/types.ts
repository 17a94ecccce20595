// Written by scripts/contract-types.ts from src/api/openapi/schemas.ts.

export interface Accepted {
  readonly id: string;
  readonly type: string;
  readonly status: 'accepted';
  readonly created_at: string;
}

export interface Duplicate {
  readonly id: string;
  readonly type: string;
  readonly status: 'duplicate';
  readonly created_at: string;
}

export interface Event {
  readonly id: string;
  readonly type: string;
  readonly created_at: string;
  readonly dedup_id: string | null;
  readonly ordering_key: string | null;
  readonly deliver_at: string | null;
  readonly data: unknown;
}

export interface EventWithDeliveries {
  readonly id: string;
  readonly type: string;
  readonly created_at: string;
  readonly dedup_id: string | null;
  readonly ordering_key: string | null;
  readonly deliver_at: string | null;
  readonly data: unknown;
  readonly deliveries: readonly {
    readonly id: string;
    readonly endpoint_id: string;
    readonly status: 'pending' | 'retrying' | 'delivered' | 'failed' | 'canceled' | 'skipped';
    readonly attempts: number;
    readonly next_attempt_at: string | null;
    readonly last_status_code: number | null;
    readonly last_error: string | null;
  }[];
}

export interface Delivery {
  readonly id: string;
  readonly endpoint_id: string;
  readonly status: 'pending' | 'retrying' | 'delivered' | 'failed' | 'canceled' | 'skipped';
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly last_status_code: number | null;
  readonly last_error: string | null;
  readonly event_id: string;
  readonly event_type: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface DeliveryWithAttempts {
  readonly id: string;
  readonly endpoint_id: string;
  readonly status: 'pending' | 'retrying' | 'delivered' | 'failed' | 'canceled' | 'skipped';
  readonly attempts: readonly {
    readonly number: number;
    readonly started_at: string;
    readonly duration_ms: number;
    readonly status_code: number | null;
    readonly error: string | null;
    readonly error_detail: string | null;
    readonly response_excerpt: string | null;
  }[];
  readonly next_attempt_at: string | null;
  readonly last_status_code: number | null;
  readonly last_error: string | null;
  readonly event_id: string;
  readonly event_type: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Attempt {
  readonly number: number;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly status_code: number | null;
  readonly error: string | null;
  readonly error_detail: string | null;
  readonly response_excerpt: string | null;
}

export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly event_types: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly max_concurrency: number;
  readonly timeout_seconds: number;
  readonly max_attempts: number;
  readonly retry_schedule: readonly string[];
  readonly rate_limit: number | null;
  readonly retry_deadline: string | null;
  readonly ordered: false | true | 'by_key';
  readonly on_failed: 'skip' | 'block';
  readonly filter: Readonly<Record<string, unknown>> | null;
  readonly batch: Readonly<Record<string, unknown>> | null;
  readonly format: 'standard' | 'cloudevents';
  readonly signatures: readonly ('v1' | 'v1a')[];
  readonly public_key: string | null;
  readonly client_certificate: Readonly<Record<string, unknown>> | null;
  readonly enabled: boolean;
  readonly status: 'active' | 'paused' | 'disabled';
  readonly disabled_reason: string | null;
  readonly failing_since: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface NewEndpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly event_types: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly max_concurrency: number;
  readonly timeout_seconds: number;
  readonly max_attempts: number;
  readonly retry_schedule: readonly string[];
  readonly rate_limit: number | null;
  readonly retry_deadline: string | null;
  readonly ordered: false | true | 'by_key';
  readonly on_failed: 'skip' | 'block';
  readonly filter: Readonly<Record<string, unknown>> | null;
  readonly batch: Readonly<Record<string, unknown>> | null;
  readonly format: 'standard' | 'cloudevents';
  readonly signatures: readonly ('v1' | 'v1a')[];
  readonly public_key: string | null;
  readonly client_certificate: Readonly<Record<string, unknown>> | null;
  readonly enabled: boolean;
  readonly status: 'active' | 'paused' | 'disabled';
  readonly disabled_reason: string | null;
  readonly failing_since: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly secret: string;
}

export interface InboxMessage {
  readonly id: string;
  readonly type: string;
  readonly created_at: string;
  readonly dedup_id: string | null;
  readonly ordering_key: string | null;
  readonly deliver_at: string | null;
  readonly data: unknown;
  readonly status: 'available' | 'leased' | 'acked' | 'quarantined';
  readonly lease_count: number;
  readonly lease_id?: string | null;
  readonly leased_until?: string | null;
}

export interface Lease {
  readonly lease_id: string | null;
  readonly leased_until: string | null;
  readonly data: readonly {
    readonly id: string;
    readonly type: string;
    readonly created_at: string;
    readonly dedup_id: string | null;
    readonly ordering_key: string | null;
    readonly deliver_at: string | null;
    readonly data: unknown;
    readonly status: 'available' | 'leased' | 'acked' | 'quarantined';
    readonly lease_count: number;
  }[];
}

export interface Key {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly ('publish' | 'consume' | 'manage')[];
  readonly created_at: string;
  readonly last_used_at: string | null;
  readonly expires_at: string | null;
}

export interface NewKey {
  readonly api_key: string;
  readonly key_id: string;
}

/** What an attempt changed, in the stream. */
export type DeliveryNews = Omit<Delivery, 'created_at' | 'updated_at'> & { readonly at: string };

/** How many the stream did not show; null = unknown. */
export interface Dropped {
  readonly events: number | null;
  readonly deliveries: number | null;
  readonly last_event_id: string | null;
}
