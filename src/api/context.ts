import type { IdSource } from '../core/ids.ts';
import type { ServicePhase } from '../core/service-phase.ts';
import type { Milliseconds } from '../core/time.ts';
import type { EventAcceptor } from '../pipeline/accepting/index.ts';
import type { Caller, KeyService } from '../pipeline/access/index.ts';
import type { EndpointTester } from '../pipeline/delivering/index.ts';
import type { ErasureService } from '../pipeline/erasure/index.ts';
import type { EventReader } from '../pipeline/history/index.ts';
import type { InboxService } from '../pipeline/inbox/index.ts';
import type { LiveTail } from '../pipeline/live/index.ts';
import type { ReadSlots, StalledTimes } from '../pipeline/pacing/index.ts';
import type { RedeliveryService } from '../pipeline/redelivery/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine } from '../ports/engine.ts';
import type { Log } from '../ports/observability/log.ts';
import type { Metrics } from '../ports/observability/metrics.ts';
import type { Sender } from '../ports/sender.ts';
import type { AccessParts, NeededScopes, RateLimitParts } from './access/index.ts';
import type { BodyRule } from './http/bodies/index.ts';

/** What an endpoint gets where its creator says nothing. */
export interface EndpointDefaults {
  readonly timeoutMs: Milliseconds;
  readonly maxAttempts: number;
  readonly schedule: readonly Milliseconds[];
}

/** Everything the API is made of; `app/compose.ts` puts it together. */
export interface ApiParts extends AccessParts, RateLimitParts {
  readonly engine: Engine;
  readonly acceptor: EventAcceptor;
  readonly inboxService: InboxService;
  readonly redeliveryService: RedeliveryService;
  readonly events: EventReader;
  readonly reads: ReadSlots;
  readonly keyService: KeyService;
  readonly endpointTester: EndpointTester;
  readonly erasureService: ErasureService;
  readonly liveTail: LiveTail;
  readonly sender: Pick<Sender, 'checkUrl'>;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What `/metrics` shows; null = it is off. */
  readonly metricsPage: { readonly contentType: string; text(): Promise<string> } | null;
  readonly version: string;
  readonly endpointDefaults: EndpointDefaults;
  /** For how long a `dedup_id` and an `Idempotency-Key` are remembered. */
  readonly dedupWindowMs: Milliseconds;
  /** For how long the service keeps events; an organization may keep its own for less. */
  readonly retentionMs: Milliseconds;
  /** The well-known key, which the dashboard offers in development; null where it is refused. */
  readonly developmentKey: string | null;
  readonly phase: () => ServicePhase;
  /** What of this process has work and does not move. */
  readonly stalled: () => StalledTimes;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route that asks for an API key. */
    caller: Caller;
  }
  interface FastifyContextConfig {
    body?: BodyRule;
    /** Though no field of it is required by the schema (api/http/bodies/empty-bodies.ts). */
    needsBody?: boolean;
    scopes?: NeededScopes;
    /** What its answer holds was taken for its client: it goes out though the budget of answers is full. */
    isLease?: boolean;
    /** What a success is called in the audit log. */
    auditAction?: string;
  }
}
