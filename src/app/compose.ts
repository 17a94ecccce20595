import { randomFillSync } from 'node:crypto';
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { createClientAddress, WrongCredentials } from '../api/access/index.ts';
import { createHealthServer } from '../api/health-server.ts';
import { createServer } from '../api/server.ts';
import { IdSource } from '../core/ids.ts';
import { MAX_WRONG_ADMIN_TOKENS, MAX_WRONG_KEYS } from '../core/limits.ts';
import type { ServicePhase } from '../core/service-phase.ts';
import type { Milliseconds } from '../core/time.ts';
import { AcceptStation, createFanOut, EndpointDirectory, OperationalEvents } from '../pipeline/accepting/index.ts';
import { Authenticator, KeyStation, SecretRenewal } from '../pipeline/access/index.ts';
import { Deliverer, TestStation } from '../pipeline/delivering/index.ts';
import { Eraser, ErasureStation } from '../pipeline/erasure/index.ts';
import { EventReader } from '../pipeline/history/index.ts';
import { InboxStation, Notifier, QuarantineNews } from '../pipeline/inbox/index.ts';
import { LiveTail } from '../pipeline/live/index.ts';
import { Perseverance, Reads, type StalledTimes } from '../pipeline/pacing/index.ts';
import { Persister, Reconciler, Retention } from '../pipeline/recording/index.ts';
import { JobAllowance, JobRunner, ResendStation } from '../pipeline/redelivery/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine } from '../ports/engine.ts';
import type { Finding } from '../ports/finding.ts';
import type { Log } from '../ports/observability/log.ts';
import { type LaneCounts, type Metrics, NO_METRICS } from '../ports/observability/metrics.ts';
import type { Tracer } from '../ports/observability/tracer.ts';
import type { FanOut } from '../ports/record/fan-out.ts';
import type { RecordSource } from '../ports/record/transfer.ts';
import type { Sender } from '../ports/sender.ts';
import { createSender } from '../sender/sender.ts';
import { type Observed, observe } from './observe.ts';
import { maxOpenFiles } from './open-files.ts';
import { adminTokenOf, embeddedSecretBox, folderSecretBox, sharedSecretBox } from './secrets/index.ts';
import { DEVELOPMENT_KEY, hasApi, hasDeliverer, hasWorker, type Role, type Settings } from './settings/index.ts';
import { VERSION } from './version.ts';

const USER_AGENT = `triggers-api/${VERSION}`;
/** In the embedded engine every change passes through this process: what is cached stays right until the bus speaks. */
const FOREVER_MS: Milliseconds = Number.POSITIVE_INFINITY;
/** A revoked key stops working within a second, also where the bus lost the news. */
const KEY_MAX_AGE_MS: Milliseconds = 1_000;
/** The bus tells of changed endpoints at once, and of its own gaps. */
const ENDPOINTS_MAX_AGE_MS: Milliseconds = 10_000;

interface ComposeArguments {
  readonly role: Role;
  readonly settings: Settings;
  readonly log: Log;
  readonly clock: Clock;
  readonly phase: () => ServicePhase;
  /** The disk failed under us: no promise can be kept any more, the process has to end. */
  readonly onFatal: (error: unknown) => void;
}

/** The parts of a running service, put together and not started. Null: not of this role, or not of this engine. */
export interface Parts {
  readonly engine: Engine;
  readonly ids: IdSource;
  readonly tracer: Tracer;
  /** The API, or where a role has none and `HEALTH_PORT` is set, health alone. */
  readonly server: FastifyInstance | null;
  readonly inboxStation: InboxStation | null;
  readonly liveTail: LiveTail | null;
  readonly persister: Persister | null;
  readonly reconciler: Reconciler | null;
  readonly retention: Retention | null;
  readonly jobRunner: JobRunner | null;
  readonly eraser: Eraser | null;
  readonly secretRenewal: SecretRenewal | null;
  readonly sender: Sender | null;
  readonly deliverer: Deliverer | null;
  readonly notifier: Notifier | null;
  readonly quarantineNews: QuarantineNews;
}

/** The only place that knows every part. */
export async function compose(args: ComposeArguments): Promise<Parts> {
  const { role, settings, log } = args;
  // The embedded engine asks for fan-out, which asks the directory, which reads the engine's store.
  let fanOut: FanOut = () => [];
  const observed = await observe(role, settings, log);
  const { metrics, tracer } = observed;
  const { engine, ids } = await openEngine({ ...args, metrics }, (event) => fanOut(event));
  if (engine.lastEventId !== null) ids.raiseFloor(engine.lastEventId);
  const { store, bus, activity, clock, worker } = engine;
  const alone = worker === null;
  const directory = new EndpointDirectory({
    store: store.endpoints,
    bus,
    clock,
    maxAgeMs: alone ? FOREVER_MS : ENDPOINTS_MAX_AGE_MS,
  });
  fanOut = createFanOut(directory, ids);

  const reads = new Reads(clock);
  const sender = hasApi(role) || hasDeliverer(role) ? newSender(settings, clock) : null;
  const inboxStation = hasApi(role)
    ? new InboxStation({ store: store.inboxes, notifications: store.notifications, ids, clock, reads })
    : null;
  const liveTail = hasApi(role) ? new LiveTail({ feed: activity, events: store.events, bus }) : null;
  const leadership = worker?.leadership ?? null;
  const deliverer =
    hasDeliverer(role) && sender !== null
      ? new Deliverer({
          queue: engine.queue,
          endpoints: store.endpoints,
          directory,
          bus,
          activity,
          sender,
          clock,
          log,
          metrics,
          tracer,
          userAgent: USER_AGENT,
          intake: engine.intake,
          ids,
          disableAfterMs: settings.webhook.disableAfterMs,
          maxOpenFiles: maxOpenFiles(),
        })
      : null;
  const persister = newPersister(args, { engine, fanOut, observed });
  const stalled = () => ({ deliveries: deliverer?.stalledMs() ?? 0, recording: persister?.stalledMs() ?? 0 });
  const lanes = deliverer === null ? null : () => deliverer.lanes();
  return {
    engine,
    ids,
    tracer,
    sender,
    inboxStation,
    liveTail,
    server: await newServer(args, {
      engine,
      ids,
      fanOut,
      sender,
      inboxStation,
      liveTail,
      observed,
      lanes,
      stalled,
      reads,
    }),
    persister,
    reconciler:
      hasWorker(role) && worker !== null
        ? new Reconciler({ repairs: worker.repairs, leadership: worker.leadership, log, metrics })
        : null,
    retention: hasWorker(role)
      ? new Retention({
          events: store.events,
          clock,
          log,
          metrics,
          idempotency: store.idempotency,
          keepMs: settings.retentionMs,
          dedupWindowMs: settings.dedupWindowMs,
          wholeDays: !alone,
          leadership,
        })
      : null,
    jobRunner: hasWorker(role)
      ? new JobRunner({
          store,
          redelivery: engine.redelivery,
          allowance: new JobAllowance({ store, rateLimiter: engine.rateLimiter, rateLimits: settings.rateLimits }),
          leadership,
          bus,
          clock,
          log,
          metrics,
        })
      : null,
    eraser: hasWorker(role)
      ? new Eraser({
          store,
          redelivery: engine.redelivery,
          audit: store.audit,
          dead: worker?.deadEvents ?? null,
          bus,
          clock,
          log,
          metrics,
          leadership,
        })
      : null,
    secretRenewal: hasWorker(role) ? new SecretRenewal({ secrets: store.secrets, log }) : null,
    notifier:
      hasDeliverer(role) && sender !== null
        ? new Notifier({ store, sender, ids, clock, log, metrics, userAgent: USER_AGENT })
        : null,
    deliverer,
    quarantineNews: newQuarantineNews(engine, { directory, ids, log, metrics }),
  };
}

/** In every role: any process that looks into an inbox may be the one that finds what ran out. */
function newQuarantineNews(
  { intake, store, clock }: Engine,
  parts: {
    readonly directory: EndpointDirectory;
    readonly ids: IdSource;
    readonly log: Log;
    readonly metrics: Metrics;
  },
): QuarantineNews {
  const perseverance = new Perseverance(parts.log);
  const operational = new OperationalEvents({ ...parts, intake, clock, perseverance });
  return new QuarantineNews({ ...parts, store: store.inboxes, clock, operational, perseverance });
}

/** Each is loaded only where it runs: the clients of the servers alone would be 15 MB of the embedded one's memory. */
export async function openEngine(
  args: Pick<ComposeArguments, 'settings' | 'log' | 'clock' | 'onFatal'> & { readonly metrics?: Metrics },
  fanOut: FanOut = () => [],
): Promise<{ engine: Engine; ids: IdSource }> {
  const { settings, log, clock } = args;
  const logSql = settings.logSql ? { logSql: logStatements(log) } : {};
  const common = {
    dedupWindowMs: settings.dedupWindowMs,
    maxBacklog: settings.maxBacklog,
    ...logSql,
    metrics: args.metrics ?? NO_METRICS,
  };
  if (settings.servers !== null) {
    const { openRedisPostgresEngine } = await import('../engines/redis-postgres/engine.ts');
    const consumer = `${hostname()}-${process.pid}`;
    const engine = await openRedisPostgresEngine({
      ...settings.servers,
      ...common,
      clock,
      log,
      consumer,
      secrets: sharedSecretBox(settings, log),
    });
    return { engine, ids: new IdSource(() => engine.clock.now(), randomFillSync) };
  }
  const ids = new IdSource(() => clock.now(), randomFillSync);
  const { openSqliteEngine } = await import('../engines/sqlite/engine.ts');
  const { onFatal } = args;
  return {
    engine: openSqliteEngine({
      ...common,
      dataDir: settings.dataDir,
      clock,
      ids,
      fanOut,
      onFatal,
      secrets: embeddedSecretBox(settings),
    }),
    ids,
  };
}

/** For `doctor`: looks and changes nothing. */
export async function inspectParts(settings: Settings, clock: Clock): Promise<readonly Finding[]> {
  if (settings.servers === null) {
    const { inspectFolder } = await import('../engines/sqlite/inspect.ts');
    return inspectFolder(settings.dataDir);
  }
  const { inspectServers } = await import('../engines/redis-postgres/inspect.ts');
  return inspectServers({ ...settings.servers, clock });
}

/** For `migrate-data`. Throws `StartRefused`. */
export async function openEmbeddedRecord(settings: Settings, clock: Clock): Promise<RecordSource> {
  const { openSqliteRecord } = await import('../engines/sqlite/record-source.ts');
  return openSqliteRecord(settings.dataDir, clock, folderSecretBox(settings));
}

/** `LOG_SQL`: which statement, and how long it took; never its values. */
function logStatements(log: Log) {
  return (statement: string, durationMs: number): void =>
    log.sampled('sql', 'info', () => `SQL ${statement} took ${durationMs.toFixed(2)}ms`);
}

/** Null where accepting is recording, or where this process does not record. */
function newPersister(
  { role, settings, log }: ComposeArguments,
  { engine, fanOut, observed }: { engine: Engine; fanOut: FanOut; observed: Observed },
): Persister | null {
  const { worker } = engine;
  if (!hasWorker(role) || worker === null) return null;
  return new Persister({
    ...engine,
    ...observed,
    stream: worker.eventStream,
    record: worker.eventRecord,
    fanOut,
    log,
    maxBatches: settings.maxConcurrentEvents,
  });
}

function newSender(settings: Settings, clock: Clock): Sender {
  return createSender({
    allowedNetworks: settings.webhook.allowedNetworks,
    allowLoopback: settings.development,
    httpsOnly: settings.webhook.httpsOnly,
    ...(settings.webhook.blockedPorts === null ? {} : { blockedPorts: settings.webhook.blockedPorts }),
    clock,
    userAgent: USER_AGENT,
  });
}

async function newServer(
  { role, settings, log, phase }: ComposeArguments,
  parts: Pick<Parts, 'engine' | 'ids' | 'sender' | 'inboxStation' | 'liveTail'> & {
    readonly fanOut: FanOut;
    readonly observed: Observed;
    readonly lanes: (() => LaneCounts) | null;
    readonly stalled: () => StalledTimes;
    readonly reads: Reads;
  },
): Promise<FastifyInstance | null> {
  const { engine, ids, fanOut, sender, inboxStation, liveTail, observed, lanes, stalled, reads } = parts;
  const { metrics, tracer } = observed;
  const metricsPage = observed.pageOf(engine, { lanes, stalled });
  const { clock, store, bus, activity, worker } = engine;
  if (sender === null || inboxStation === null || liveTail === null || !hasApi(role)) {
    return settings.healthPort === null
      ? null
      : createHealthServer({ engine, version: VERSION, phase, stalled, metricsPage });
  }
  const events = new EventReader({ events: store.events, clock, intakeIsRecord: worker === null });
  return createServer({
    engine,
    authenticator: new Authenticator({
      store: store.organizations,
      bus,
      clock,
      maxAgeMs: worker === null ? FOREVER_MS : KEY_MAX_AGE_MS,
      refusedKey: settings.development ? null : DEVELOPMENT_KEY,
    }),
    acceptStation: new AcceptStation({
      intake: engine.intake,
      ids,
      clock,
      log,
      activity,
      metrics,
      tracer,
      intakeIsRecord: worker === null,
    }),
    adminToken: adminTokenOf(settings.adminToken, settings.dataDir, log),
    wrongKeys: new WrongCredentials(clock, MAX_WRONG_KEYS),
    wrongAdminTokens: new WrongCredentials(clock, MAX_WRONG_ADMIN_TOKENS),
    clientAddress: createClientAddress(settings.trustedProxies),
    keyStation: new KeyStation({ store: store.organizations, bus, ids, clock }),
    inboxStation,
    resendStation: new ResendStation({ redelivery: engine.redelivery, store, events, fanOut, ids, clock, bus, reads }),
    events,
    reads,
    erasureStation: new ErasureStation({ store, redelivery: engine.redelivery, events, bus, clock }),
    testStation: new TestStation({ sender, ids, clock, userAgent: USER_AGENT }),
    liveTail,
    sender,
    ids,
    clock,
    log,
    metrics,
    metricsPage,
    version: VERSION,
    endpointDefaults: settings.webhook,
    dedupWindowMs: settings.dedupWindowMs,
    retentionMs: settings.retentionMs,
    rateLimits: settings.rateLimits,
    loopbackOnly: settings.development,
    developmentKey: settings.development ? DEVELOPMENT_KEY : null,
    phase,
    stalled,
  });
}
