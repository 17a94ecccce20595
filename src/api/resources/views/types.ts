// Written by scripts/contract-types.ts from src/api/openapi/schemas.ts.

export interface Attempt {
  readonly number: number;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly status_code: number | null;
  readonly error: string | null;
  readonly error_detail: string | null;
  readonly response_excerpt: string | null;
}

export interface AttemptSummary {
  readonly delivery_id: string;
  readonly number: number;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly status_code: number | null;
  readonly error: string | null;
  readonly error_detail: string | null;
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

export interface EndpointStats {
  readonly status: 'active' | 'paused' | 'disabled';
  readonly failing_since: string | null;
  readonly last_fault: {
    readonly at: string;
    readonly message: string;
  } | null;
  readonly deliveries: number;
  readonly by_status: {
    readonly pending: number;
    readonly retrying: number;
    readonly delivered: number;
    readonly failed: number;
    readonly canceled: number;
    readonly skipped: number;
  };
  readonly success_rate: number | null;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly last_error_detail: string | null;
  readonly last_error_at: string | null;
  readonly breaker: 'closed' | 'open';
  readonly failures_in_row: number;
  readonly latency: {
    readonly p50_ms: number;
    readonly p95_ms: number;
    readonly p99_ms: number;
  } | null;
  readonly recent_attempts: readonly {
    readonly delivery_id: string;
    readonly number: number;
    readonly started_at: string;
    readonly duration_ms: number;
    readonly status_code: number | null;
    readonly error: string | null;
    readonly error_detail: string | null;
  }[];
  readonly last_errors: readonly {
    readonly delivery_id: string;
    readonly number: number;
    readonly started_at: string;
    readonly duration_ms: number;
    readonly status_code: number | null;
    readonly error: string | null;
    readonly error_detail: string | null;
  }[];
}

export interface Inbox {
  readonly id: string;
  readonly name: string;
  readonly event_types: readonly string[];
  readonly max_leases: number;
  readonly paused: boolean;
  readonly quarantined: number;
  readonly notification_url: string | null;
  readonly created_at: string;
}

export interface Job {
  readonly id: string;
  readonly kind: 'retry' | 'replay';
  readonly status: 'running' | 'done' | 'canceled' | 'failed';
  readonly looked_at: number;
  readonly deliveries: number;
  readonly error: string | null;
  readonly created_at: string;
  readonly updated_at: string;
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

export interface Me {
  readonly organization: {
    readonly id: string;
    readonly name: string;
    readonly tier: 'free' | 'pro' | 'business' | 'enterprise' | 'unlimited';
  };
  readonly key: {
    readonly id: string;
    readonly name: string;
    readonly prefix: string;
    readonly scopes: readonly ('publish' | 'consume' | 'manage')[];
  };
  readonly rate_limit_per_minute: number | null;
}

export interface Subscription {
  readonly id: string;
  readonly target_url: string;
  readonly event_types: readonly string[];
  readonly status: 'active' | 'paused' | 'disabled';
  readonly created_at: string;
}

export interface Trace {
  readonly event: {
    readonly id: string;
    readonly type: string;
    readonly created_at: string;
    readonly deliver_at: string | null;
  };
  readonly endpoints: readonly {
    readonly endpoint_id: string;
    readonly url: string | null;
    readonly status: 'active' | 'paused' | 'disabled' | 'deleted';
    readonly matched: boolean;
    readonly reason: string | null;
    readonly deliveries: readonly {
      readonly id: string;
      readonly endpoint_id: string;
      readonly status: 'pending' | 'retrying' | 'delivered' | 'failed' | 'canceled' | 'skipped';
      readonly attempts: number;
      readonly next_attempt_at: string | null;
      readonly last_status_code: number | null;
      readonly last_error: string | null;
    }[];
  }[];
  readonly inboxes: readonly {
    readonly name: string;
    readonly matched: boolean;
    readonly reason: string | null;
    readonly status: 'available' | 'leased' | 'acked' | 'quarantined' | null;
    readonly lease_count: number | null;
  }[];
}
