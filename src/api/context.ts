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

/** Defaults of a new endpoint. */
export interface EndpointDefaults {
  readonly timeoutMs: Milliseconds;
  readonly maxAttempts: number;
  readonly schedule: readonly Milliseconds[];
}

/** The parts of the API; `app/compose.ts` creates them. */
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
  /** The page of `/metrics`; null = off. */
  readonly metricsPage: { readonly contentType: string; text(): Promise<string> } | null;
  readonly version: string;
  readonly endpointDefaults: EndpointDefaults;
  /** How long a `dedup_id` and an `Idempotency-Key` are remembered. */
  readonly dedupWindowMs: Milliseconds;
  /** How long the service keeps events; an organization may keep its events for less. */
  readonly retentionMs: Milliseconds;
  /** The development key, which the dashboard offers; null if it is refused. */
  readonly developmentKey: string | null;
  readonly phase: () => ServicePhase;
  /** Parts of this process that have work and make no progress. */
  readonly stalled: () => StalledTimes;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route that requires an API key. */
    caller: Caller;
  }
  interface FastifyContextConfig {
    body?: BodyRule;
    /** The route requires a body, although its schema requires no field (api/http/bodies/empty-bodies.ts). */
    needsBody?: boolean;
    scopes?: NeededScopes;
    /** The answer contains leased events: it is sent even if the budget of answers is full. */
    isLease?: boolean;
    /** The audit action of a successful request. */
    auditAction?: string;
  }
}
