import type { Clock } from './clock.ts';
import type { ActivityFeed } from './coordination/activity.ts';
import type { Bus } from './coordination/bus.ts';
import type { RateLimiter } from './coordination/rate-limiter.ts';
import type { DeadLetters } from './record/dead-letters.ts';
import type { DeliveryQueue } from './record/delivery-queue.ts';
import type { EventRecord } from './record/event-record.ts';
import type { EventStream } from './record/event-stream.ts';
import type { Intake } from './record/intake.ts';
import type { Redelivery } from './record/redelivery.ts';
import type { Leadership, Repair } from './record/repair.ts';
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

/** `degraded`: it works, but the sentence says what an operator should look at; `failed`: it can't do its work. */
export interface EngineHealth {
  readonly status: 'ok' | 'degraded' | 'failed';
  readonly reason: string | null;
}

/** What a worker needs of an engine whose intake is not the record. */
export interface WorkerPorts {
  readonly eventStream: EventStream;
  readonly eventRecord: EventRecord;
  readonly deadLetters: DeadLetters;
  readonly repairs: readonly Repair[];
  readonly leadership: Leadership;
  readonly recordTarget: RecordTarget;
}

/** The adapters behind the ports. */
export interface Engine {
  readonly name: 'embedded' | 'distributed';
  /** The time by which this engine decides: where several machines share a store, the store's. */
  readonly clock: Clock;
  readonly intake: Intake;
  /** Null where the intake is the record: an accepted event and its deliveries are in it at once. */
  readonly worker: WorkerPorts | null;
  readonly queue: DeliveryQueue;
  readonly redelivery: Redelivery;
  readonly store: Store;
  readonly rateLimiter: RateLimiter;
  readonly bus: Bus;
  readonly activity: ActivityFeed;
  /** The highest event id on record; ids made from now on must be above it, though the clock was set back. */
  readonly lastEventId: string | null;
  health(): EngineHealth;
  /** Finishes what was begun, then lets go of files and connections. Calls that come later reject `closing`. */
  close(): Promise<void>;
}
