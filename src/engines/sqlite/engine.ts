import type { SecretBox } from '../../core/administration/secret-box.ts';
import type { IdSource } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Engine } from '../../ports/engine.ts';
import { type Metrics, NO_METRICS } from '../../ports/observability/metrics.ts';
import type { FanOut } from '../../ports/record/fan-out.ts';
import type { SecretBoxFor } from '../../ports/store/secret-record.ts';
import { number, textOrNull } from '../rows/row.ts';
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
import { ProcessActivity, ProcessBus, TokenBuckets } from './coordination/index.ts';
import {
  asStartRefused,
  claimDataFolder,
  type Database,
  type DataFolder,
  ErasedPages,
  loadSqlFiles,
  openDatabase,
  ReadConnection,
  type SqlLog,
  StorageHealth,
  WalFile,
} from './database/index.ts';
import { resetLeases, SqliteDeliveryQueue, SqliteRedelivery } from './delivery-queue/index.ts';
import { SqliteInboxStore } from './inbox/index.ts';
import { LateEvents, SqliteIntake } from './intake/index.ts';
import {
  DeliveryPages,
  openSecretBox,
  Retention,
  SqliteEraser,
  SqliteStatements,
  WaitingDeliveries,
} from './stores/index.ts';
import { CommittedState, WriteQueue } from './write-queue/index.ts';

export interface SqliteEngineOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly fanOut: FanOut;
  readonly dedupWindowMs: Milliseconds;
  /** Number of waiting deliveries above which events are refused; null = bounded by the disk only. */
  readonly maxBacklog: number | null;
  /** Called after an I/O error of the disk: running calls are never answered, and the process must exit with an error. */
  readonly onFatal: (error: unknown) => void;
  /** Makes the box that encrypts secrets; without it they are stored in plain text. */
  readonly secrets?: SecretBoxFor;
  readonly logSql?: SqlLog;
  readonly metrics?: Metrics;
}

/**
 * Opens the embedded engine: one process, one SQLite file in `dataDir`.
 * @throws StartRefused when the folder or its content cannot be used
 */
export function openSqliteEngine(options: SqliteEngineOptions): Engine {
  const folder = claimDataFolder(options.dataDir);
  let database: Database | undefined;
  try {
    database = openDatabase(folder.databasePath, { sql: loadSqlFiles(), clock: options.clock, log: options.logSql });
    const box = openSecretBox(database.writer, options.clock.now(), options.secrets);
    return compose(options, database, folder, box);
  } catch (error) {
    database?.reader.db.close();
    database?.writer.db.close();
    folder.release();
    throw asStartRefused(error, folder.databasePath);
  }
}

function compose(
  options: SqliteEngineOptions,
  { writer, reader: readSide }: Database,
  { databasePath, release }: DataFolder,
  box: SecretBox,
): Engine {
  const { clock, ids, metrics = NO_METRICS } = options;
  resetLeases({ writer, reader: readSide }, clock);
  const health = new StorageHealth(clock);
  const reader = new ReadConnection(readSide, health);
  const lastEvent = writer.prepare('last-event-id').get() ?? {};
  const lastEventId = textOrNull(lastEvent, 'id');
  const state = new CommittedState(number(writer.prepare('count-waiting').get() ?? {}, 'waiting'));
  const wal = new WalFile(databasePath);
  const queue = new WriteQueue(writer, {
    sync: async () => {
      const startedAt = performance.now();
      await wal.sync();
      metrics.store('disk', performance.now() - startedAt);
    },
    onCommit: (effects, writes) => {
      health.committed();
      state.count(effects);
      metrics.group('commit', writes);
    },
    onDurable: (effects) => state.announce(effects),
    onFailure: (error) => health.failed(error),
    onFatal: options.onFatal,
  });
  const erasedPages = new ErasedPages(writer.db, options.onFatal);
  erasedPages.scrubAtStart();
  const parts = { writer, reader, queue, state, clock, ids, box, erasedPages };
  const statements = new SqliteStatements(parts);
  const waitingDeliveries = new WaitingDeliveries(parts);
  const retention = new Retention(parts);
  const deliveryPages = new DeliveryPages(reader);
  let closed: Promise<void> | undefined;
  return {
    name: 'embedded',
    clock,
    worker: null,
    intake: new SqliteIntake(writer, { ...options, queue, state, lateEvents: new LateEvents(writer, lastEventId) }),
    queue: new SqliteDeliveryQueue(parts),
    redelivery: new SqliteRedelivery(parts),
    store: {
      organizations: new SqlOrganizationStore(statements),
      events: new SqlEventStore(statements, (step) => retention.removeStep(step)),
      endpoints: new SqlEndpointStore(statements, box, {
        onActive: (id) => (effects) => void effects.dueEndpoints.add(id),
        endWaiting: (...args) => waitingDeliveries.end(...args),
      }),
      deliveries: new SqlDeliveryStore(statements, (page) => deliveryPages.read(page)),
      inboxes: new SqliteInboxStore(parts),
      notifications: new SqlNotificationStore(statements, box),
      jobs: new SqlJobStore(statements),
      audit: new SqlAuditStore(statements),
      erasure: new SqlErasureStore(statements, new SqliteEraser(parts)),
      secrets: new SqlSecretRecord(statements, box, () => erasedPages.scrubSoon()),
      idempotency: new SqlIdempotencyStore(statements),
    },
    rateLimiter: new TokenBuckets(clock),
    bus: new ProcessBus(),
    activity: new ProcessActivity(clock),
    lastEventId,
    health: () => health.now(),
    close: () => {
      closed ??= queue.close().then(() => {
        erasedPages.stop();
        reader.close();
        writer.db.close();
        wal.close();
        release();
      });
      return closed;
    },
  };
}
