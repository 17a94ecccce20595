/** What the API answers, as far as the pages look at it. */
export type DeliveryStatus = 'pending' | 'retrying' | 'delivered' | 'failed' | 'canceled' | 'skipped';

export interface Page<Row> {
  readonly data: readonly Row[];
  readonly next_cursor: string | null;
}
export interface Delivery {
  readonly id: string;
  readonly endpoint_id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly last_status_code: number | null;
  readonly last_error: string | null;
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
export interface DeliveryInFull extends Omit<Delivery, 'attempts'> {
  readonly attempts: readonly Attempt[];
}
/** `data` is the text as it came. */
export interface EventRow {
  readonly id: string;
  readonly type: string;
  readonly created_at: string;
  readonly dedup_id: string | null;
  readonly ordering_key: string | null;
  readonly data: string;
  readonly status?: string;
  readonly lease_count?: number;
}
export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly event_types: readonly string[];
  readonly status: 'active' | 'paused' | 'disabled';
  readonly disabled_reason: string | null;
  readonly failing_since: string | null;
  readonly max_attempts: number;
  readonly timeout_seconds: number;
  readonly created_at: string;
}
export interface EndpointStats {
  readonly deliveries: number;
  readonly by_status: Readonly<Record<DeliveryStatus, number>>;
  readonly success_rate: number | null;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly last_error_at: string | null;
  readonly breaker: 'closed' | 'open';
  readonly failures_in_row: number;
  readonly latency: { readonly p50_ms: number; readonly p95_ms: number; readonly p99_ms: number } | null;
  readonly recent_attempts: readonly AttemptSummary[];
  readonly last_errors: readonly AttemptSummary[];
}
export interface AttemptSummary extends Omit<Attempt, 'response_excerpt'> {
  readonly delivery_id: string;
}
export interface TestResult extends Attempt {
  readonly request: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
}
export interface Trace {
  readonly endpoints: readonly {
    readonly endpoint_id: string;
    readonly url: string | null;
    readonly matched: boolean;
    readonly reason: string | null;
    readonly deliveries: readonly Pick<Delivery, 'id'>[];
  }[];
  readonly inboxes: readonly {
    readonly name: string;
    readonly matched: boolean;
    readonly reason: string | null;
    readonly status: string | null;
  }[];
}
export interface Key {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly created_at: string;
  readonly last_used_at: string | null;
  readonly expires_at: string | null;
}
export interface Me {
  readonly organization: { readonly name: string; readonly tier: string };
  readonly key: { readonly id: string; readonly name: string };
}
