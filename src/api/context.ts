import type { IdSource } from '../core/ids.ts';
import type { Tier } from '../core/organization.ts';
import type { Milliseconds } from '../core/time.ts';
import type { AcceptStation } from '../pipeline/accept.ts';
import type { Authenticator, Caller } from '../pipeline/authenticate.ts';
import type { ErasureStation } from '../pipeline/erasure/station.ts';
import type { EventReader } from '../pipeline/event-reader.ts';
import type { InboxStation } from '../pipeline/inbox.ts';
import type { KeyStation } from '../pipeline/keys.ts';
import type { LiveTail } from '../pipeline/live-tail.ts';
import type { Reads } from '../pipeline/reads.ts';
import type { ResendStation } from '../pipeline/resending/station.ts';
import type { StalledTimes } from '../pipeline/stall.ts';
import type { TestStation } from '../pipeline/test-attempt.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine } from '../ports/engine.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Sender } from '../ports/sender.ts';
import type { BodyRule } from './body.ts';
import type { ClientAddress } from './client-address.ts';
import type { NeededScopes } from './scopes.ts';
import type { WrongCredentials } from './wrong-credentials.ts';

/** What an endpoint gets where its creator says nothing. */
export interface EndpointDefaults {
  readonly timeoutMs: Milliseconds;
  readonly maxAttempts: number;
  readonly schedule: readonly Milliseconds[];
}

/** While it starts it answers only itself; while it stops it answers what is under way. */
export type ServicePhase = 'starting' | 'ready' | 'stopping';

/** Everything the API is made of; `app/compose.ts` puts it together. */
export interface ApiParts {
  readonly engine: Engine;
  readonly authenticator: Authenticator;
  /** Null: nobody manages organizations, or in development everybody. */
  readonly adminToken: string | null;
  readonly wrongKeys: WrongCredentials;
  readonly wrongAdminTokens: WrongCredentials;
  readonly clientAddress: ClientAddress;
  readonly acceptStation: AcceptStation;
  readonly inboxStation: InboxStation;
  readonly resendStation: ResendStation;
  readonly events: EventReader;
  readonly reads: Reads;
  readonly keyStation: KeyStation;
  readonly testStation: TestStation;
  readonly erasureStation: ErasureStation;
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
  /** Events a minute; null = no limit. */
  readonly rateLimits: Readonly<Record<Tier, number | null>>;
  /** Development with an open door: only requests from this machine to a loopback name are served. */
  readonly loopbackOnly: boolean;
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
    /** Though no field of it is required by the schema (api/empty-bodies.ts). */
    needsBody?: boolean;
    scopes?: NeededScopes;
    /** What its answer holds was taken for its client: it goes out though the budget of answers is full. */
    isLease?: boolean;
    /** What a success is called in the audit log. */
    auditAction?: string;
  }
}
