import type { Clock } from './clock.ts';
import type { ActivityFeed } from './coordination/activity.ts';
import type { Bus } from './coordination/bus.ts';
import type { Leadership } from './coordination/leadership.ts';
import type { RateLimiter } from './coordination/rate-limiter.ts';
import type { DeadLetters } from './record/dead-letters.ts';
import type { DeliveryQueue } from './record/delivery-queue.ts';
import type { EventRecord } from './record/event-record.ts';
import type { EventStream } from './record/event-stream.ts';
import type { Intake } from './record/intake.ts';
import type { Redelivery } from './record/redelivery.ts';
import type { Repair } from './record/repair.ts';
import type { RecordTarget } from './record/transfer.ts';
import type { AuditStore } from './store/audit-store.ts';
import type { DeliveryStore } from './store/delivery-store.ts';
import type { EndpointStore } from './store/endpoint-store.ts';
import type { ErasureStore } from './store/erasure-store.ts';
import type { EventStore } from './store/event-store.ts';
import type { IdempotencyStore } from './store/idempotency-store.ts';
import type { InboxStore } from './store/inbox-store.ts';
import type { JobStore } from './store/job-store.ts';
import type { NotificationStore } from './store/notification-store.ts';
import type { OrganizationStore } from './store/organization-store.ts';
import type { SecretRecord } from './store/secret-record.ts';

export interface Store {
  readonly organizations: OrganizationStore;
  readonly events: EventStore;
  readonly endpoints: EndpointStore;
  readonly deliveries: DeliveryStore;
  readonly inboxes: InboxStore;
  readonly notifications: NotificationStore;
  readonly jobs: JobStore;
  readonly audit: AuditStore;
  readonly erasure: ErasureStore;
  readonly secrets: SecretRecord;
  readonly idempotency: IdempotencyStore;
}

/** `degraded`: the engine works, and `reason` says what an operator should check; `failed`: it cannot work. */
export interface EngineHealth {
  readonly status: 'ok' | 'degraded' | 'failed';
  readonly reason: string | null;
}

/** The ports of a worker, for an engine whose intake does not write the record. */
export interface WorkerPorts {
  readonly eventStream: EventStream;
  readonly eventRecord: EventRecord;
  readonly deadLetters: DeadLetters;
  readonly repairs: readonly Repair[];
  readonly leadership: Leadership;
  readonly recordTarget: RecordTarget;
}

/** One set of adapters for all ports. */
export interface Engine {
  readonly name: 'embedded' | 'distributed';
  /** The clock of this engine's decisions: store time where several machines share a store. */
  readonly clock: Clock;
  readonly intake: Intake;
  /** Null where the intake writes the record: an accepted event and its deliveries are recorded at once. */
  readonly worker: WorkerPorts | null;
  readonly queue: DeliveryQueue;
  readonly redelivery: Redelivery;
  readonly store: Store;
  readonly rateLimiter: RateLimiter;
  readonly bus: Bus;
  readonly activity: ActivityFeed;
  /** The highest event id on record. New ids must be higher, even after the clock was set back. */
  readonly lastEventId: string | null;
  health(): EngineHealth;
  /** Finishes running calls, then releases files and connections. Later calls reject with `closing`. */
  close(): Promise<void>;
}
