import type { SecretBox } from '../../core/administration/secret-box.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Engine, EngineHealth } from '../../ports/engine.ts';
import type { Log } from '../../ports/observability/log.ts';
import { type Metrics, NO_METRICS } from '../../ports/observability/metrics.ts';
import type { RoutedEvent } from '../../ports/record/event-record.ts';
import { StartRefused } from '../../ports/start-refused.ts';
import type { SecretBoxFor } from '../../ports/store/secret-record.ts';
import { SqlAuditStore } from '../stores/audit/index.ts';
import { SqlDeliveryStore } from '../stores/deliveries/index.ts';
import { SqlEndpointStore } from '../stores/endpoints/index.ts';
import { SqlErasureStore } from '../stores/erasure/index.ts';
import { SqlEventStore } from '../stores/events/index.ts';
import { SqlIdempotencyStore } from '../stores/idempotency/index.ts';
import { SqlJobStore } from '../stores/jobs/index.ts';
import { SqlNotificationStore } from '../stores/notifications/index.ts';
import { SqlOrganizationStore } from '../stores/organizations/index.ts';
import { SqlSecretRecord } from '../stores/secrets/index.ts';
import { RedisActivity, RedisBus, RedisLeadership, RedisRateLimiter } from './coordination/index.ts';
import { checkPostgres, Database, ErasedRows, ExpiredDays, migrate, Partitions, StoreClock } from './database/index.ts';
import {
  DedupRepair,
  DeliveryLanes,
  DeliveryRecord,
  DeliveryRepair,
  OrderingGroups,
  OrderingRepair,
  RedisPostgresDeliveryQueue,
  RedisPostgresRedelivery,
} from './delivery-queue/index.ts';
import { PostgresInboxStore } from './inbox/index.ts';
import { DedupMarks, RedisIntake } from './intake/index.ts';
import { EventRecord, RedisDeadLetters, RedisEventStream } from './recording/index.ts';
import { checkRedis, Redis } from './redis/index.ts';
import {
  openSecretBox,
  PostgresEraser,
  PostgresStatements,
  Retention,
  readDeliveryPage,
  WaitingDeliveries,
} from './stores/index.ts';
import { PostgresRecordTarget } from './transfer/index.ts';

/** Entries held by a worker for longer than this are claimed by another; a batch takes tens of milliseconds. */
const CLAIM_IDLE_MS: Milliseconds = 10_000;

const DAYS_AHEAD_PAUSE_MS: Milliseconds = 3_600_000;

export interface RedisPostgresEngineOptions {
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly databaseUrl: string;
  readonly maxDatabaseConnections: number;
  /** This process's consumer name in the streams: `<host>-<pid>`. */
  readonly consumer: string;
  /** The machine's clock. The engine's own clock follows the store's. */
  readonly clock: Clock;
  readonly log: Log;
  readonly dedupWindowMs: Milliseconds;
  readonly maxBacklog: number | null;
  readonly metrics?: Metrics;
  /** Makes the box that encrypts secrets; without it they are stored in plain text. */
  readonly secrets?: SecretBoxFor;
  readonly logSql?: (statement: string, durationMs: Milliseconds) => void;
  /** False when `clock` is the store's clock already. */
  readonly synchronizeClock?: boolean;
  readonly claimIdleMs?: Milliseconds;
}

/**
 * Opens the distributed engine: Redis for queues, PostgreSQL for the record, any number of processes.
 * @throws StartRefused when one of the servers cannot be used
 */
export async function openRedisPostgresEngine(options: RedisPostgresEngineOptions): Promise<Engine> {
  const { databaseUrl, redisUrl, log, metrics = NO_METRICS } = options;
  await migrate(databaseUrl);
  const database = Database.open({
    url: databaseUrl,
    maxConnections: options.maxDatabaseConnections,
    applicationName: `triggers ${options.consumer}`,
    metrics,
    ...(options.logSql === undefined ? {} : { logSql: options.logSql }),
  });
  const redis = await Redis.open({ url: redisUrl, prefix: options.redisPrefix, metrics, log });
  try {
    const { refused, warnings } = await checkRedis(redis);
    if (refused !== null) throw new StartRefused(refused);
    for (const warning of [...warnings, ...(await checkPostgres(database))]) log.warn(warning);
    const box = await openSecretBox(database, options.clock.now(), options.secrets);
    return await compose(options, database, redis, box);
  } catch (error) {
    await Promise.allSettled([redis.close(), database.close()]);
    throw error;
  }
}

async function compose(
  options: RedisPostgresEngineOptions,
  database: Database,
  redis: Redis,
  box: SecretBox,
): Promise<Engine> {
  const { consumer, dedupWindowMs, maxBacklog } = options;
  const storeClock = options.synchronizeClock === false ? null : await StoreClock.start(options.clock, database);
  const clock = storeClock ?? options.clock;
  const lanes = new DeliveryLanes({ redis, consumer, clock });
  const partitions = new Partitions(database);
  await partitions.ensureAhead(clock.now());
  // Creates partitions ahead, so that nothing waits at midnight; a writer that misses a day creates it.
  const daysAhead = setInterval(() => void partitions.ensureAhead(clock.now()).catch(() => {}), DAYS_AHEAD_PAUSE_MS);
  daysAhead.unref();
  const record = new DeliveryRecord(database);
  const eventRecord = new EventRecord({ database, partitions });
  const groups = new OrderingGroups(database);
  const statements = new PostgresStatements(database);
  const retention = new Retention({ database, oldDays: new ExpiredDays({ database, partitions }) });
  const waitingDeliveries = new WaitingDeliveries(database, (endpointId, ids) => lanes.remove(endpointId, ids));
  const erasedRows = new ErasedRows(database);
  const queue = new RedisPostgresDeliveryQueue({ lanes, record, groups, clock });
  const bus = new RedisBus(redis);
  const activity = new RedisActivity({ redis, clock });
  const inboxes = new PostgresInboxStore({
    database,
    clock,
    publish: (organizationId) =>
      void bus.publishToOthers({ kind: 'events_available', organizationIds: [organizationId] }),
  });
  bus.subscribe((message) => {
    if (message.kind === 'events_available') for (const id of message.organizationIds) inboxes.announce(id);
  });
  const intake = new RedisIntake({ redis, clock, dedupWindowMs, maxBacklog, metrics: options.metrics ?? NO_METRICS });
  const marks = new DedupMarks({ redis, clock });
  const eventStream = new RedisEventStream({
    redis,
    consumer,
    clock,
    claimIdleMs: options.claimIdleMs ?? CLAIM_IDLE_MS,
  });
  const repairs = [
    new DeliveryRepair({ redis, lanes, record }),
    new DedupRepair({ redis, marks, record, clock, windowMs: dedupWindowMs }),
    new OrderingRepair({ groups, queue }),
  ];
  let closed: Promise<void> | undefined;

  return {
    name: 'distributed',
    clock,
    intake,
    queue,
    redelivery: new RedisPostgresRedelivery({ database, partitions, queue, lanes, clock }),
    worker: {
      eventStream,
      eventRecord: {
        record: async (events: readonly RoutedEvent[]) => {
          const waiting = await eventRecord.persist(events);
          await lanes.enqueue(waiting.map(({ deliveryId, endpointId, at }) => ({ deliveryId, endpointId, dueAt: at })));
        },
      },
      repairs,
      leadership: new RedisLeadership(redis, consumer),
      deadLetters: new RedisDeadLetters(redis),
      recordTarget: new PostgresRecordTarget({ database, partitions, repairs, box }),
    },
    store: {
      organizations: new SqlOrganizationStore(statements),
      events: new SqlEventStore(statements, (step) => retention.removeStep(step)),
      endpoints: new SqlEndpointStore(statements, box, {
        onActive: (id) => () => void queue.announceDue([id]),
        endWaiting: (...args) => waitingDeliveries.end(...args),
      }),
      deliveries: new SqlDeliveryStore(statements, (page) => readDeliveryPage(database, page)),
      inboxes,
      notifications: new SqlNotificationStore(statements, box),
      jobs: new SqlJobStore(statements),
      audit: new SqlAuditStore(statements),
      erasure: new SqlErasureStore(statements, new PostgresEraser(database, erasedRows)),
      secrets: new SqlSecretRecord(statements, box, () => {}),
      idempotency: new SqlIdempotencyStore(statements),
    },
    rateLimiter: new RedisRateLimiter({ redis, clock }),
    bus,
    activity,
    lastEventId: await record.lastEventId(),
    health: () => worst(redis.health(), database.health()),
    close: () => {
      closed ??= (async () => {
        storeClock?.stop();
        clearInterval(daysAhead);
        erasedRows.stop();
        await Promise.allSettled([intake.close(), lanes.close(), eventStream.close(), activity.close(), bus.close()]);
        await Promise.allSettled([redis.close(), database.close()]);
      })();
      return closed;
    },
  };
}

/** Without Redis nothing can be accepted; without PostgreSQL events are accepted and wait. */
function worst(redis: EngineHealth, database: EngineHealth): EngineHealth {
  if (redis.status === 'failed') return redis;
  if (database.status !== 'ok') return { ...database, status: 'degraded' };
  return redis;
}
