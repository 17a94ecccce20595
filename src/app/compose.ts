import type { FastifyInstance } from 'fastify';
import { createClientAddress, WrongCredentials } from '../api/access/index.ts';
import { createHealthServer } from '../api/health-server.ts';
import { createServer } from '../api/server.ts';
import { MAX_WRONG_ADMIN_TOKENS, MAX_WRONG_KEYS } from '../core/limits.ts';
import type { ServicePhase } from '../core/service-phase.ts';
import type { Milliseconds } from '../core/time.ts';
import { createFanOut, EndpointDirectory, EventAcceptor, OperationalEvents } from '../pipeline/accepting/index.ts';
import { Authenticator, KeyService, SecretRenewal } from '../pipeline/access/index.ts';
import type { Context } from '../pipeline/context.ts';
import { Deliverer, EndpointTester } from '../pipeline/delivering/index.ts';
import { Eraser, ErasureService } from '../pipeline/erasure/index.ts';
import { EventReader } from '../pipeline/history/index.ts';
import { InboxService, Notifier, QuarantinePublisher } from '../pipeline/inbox/index.ts';
import { LiveTail } from '../pipeline/live/index.ts';
import { ReadSlots, RetryLoop } from '../pipeline/pacing/index.ts';
import { Persister, Reconciler, Retention } from '../pipeline/recording/index.ts';
import { JobAllowance, JobRunner, RedeliveryService } from '../pipeline/redelivery/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine } from '../ports/engine.ts';
import type { Log } from '../ports/observability/log.ts';
import type { FanOut } from '../ports/record/fan-out.ts';
import type { Sender } from '../ports/sender.ts';
import { createSender } from '../sender/sender.ts';
import { observe } from './observe.ts';
import { openEngine } from './open-engine.ts';
import { maxOpenFiles } from './open-files.ts';
import { adminTokenOf } from './secrets/index.ts';
import { DEVELOPMENT_KEY, hasApi, hasDeliverer, hasWorker, type Role, type Settings } from './settings/index.ts';
import { VERSION } from './version.ts';

const USER_AGENT = `triggers-api/${VERSION}`;
/** On the embedded engine every change is made by this process, so cached values stay valid until the bus reports a change. */
const FOREVER_MS: Milliseconds = Number.POSITIVE_INFINITY;
/** A revoked key stops working within a second, even if the bus lost the message. */
const KEY_MAX_AGE_MS: Milliseconds = 1_000;
/** The bus reports changed endpoints at once, and its own gaps. This is the limit if it reports neither. */
const ENDPOINTS_MAX_AGE_MS: Milliseconds = 10_000;

interface ComposeArguments {
  readonly role: Role;
  readonly settings: Settings;
  readonly log: Log;
  readonly clock: Clock;
  readonly phase: () => ServicePhase;
  /** The disk failed. No further promise can be kept, so the process must exit. */
  readonly onFatal: (error: unknown) => void;
}

/** The parts of a service, created and not started. Null = not part of this role or this engine. */
export type Parts = Awaited<ReturnType<typeof compose>>;

/** Creates all parts. No other module knows all of them. */
export async function compose(args: ComposeArguments) {
  const { role, settings, log, phase } = args;
  const { metrics, tracer, pageOf } = await observe(role, settings, log);
  // A cycle of parts: the embedded engine calls fan-out, which calls the directory, which reads the engine's store.
  let fanOut: FanOut = () => [];
  const { engine, ids } = await openEngine({ ...args, metrics }, (event) => fanOut(event));
  if (engine.lastEventId !== null) ids.raiseFloor(engine.lastEventId);
  const { store, bus, clock, worker } = engine;
  const context: Context = { clock, log, metrics, tracer, ids, bus };
  const alone = worker === null;
  const endpointsAgeMs = alone ? FOREVER_MS : ENDPOINTS_MAX_AGE_MS;
  const directory = new EndpointDirectory({ store: store.endpoints, bus, clock, maxAgeMs: endpointsAgeMs });
  fanOut = createFanOut(directory, ids);

  const api = hasApi(role) ? apiStages(context, engine, { settings, fanOut }) : null;
  const sender = hasApi(role) || hasDeliverer(role) ? newSender(settings, clock) : null;
  const deliverer =
    hasDeliverer(role) && sender !== null ? newDeliverer(context, engine, { settings, sender, directory }) : null;
  const persister =
    hasWorker(role) && worker !== null
      ? new Persister(context, { ...worker, activity: engine.activity }, fanOut, settings.maxConcurrentEvents)
      : null;
  const stalled = () => ({ deliveries: deliverer?.stalledMs() ?? 0, recording: persister?.stalledMs() ?? 0 });
  const lanes = deliverer === null ? null : () => deliverer.lanes();
  const metricsPage = pageOf(engine, { lanes, stalled });
  const server =
    api !== null && sender !== null
      ? newServer(context, { ...api, engine, sender, settings, phase, stalled, metricsPage })
      : newHealthServer({ engine, version: VERSION, phase, stalled, metricsPage }, settings);

  return {
    engine,
    ids,
    tracer,
    sender,
    deliverer,
    persister,
    /** The API; for a role without one, health alone if `HEALTH_PORT` is set. */
    server: await server,
    inboxService: api?.inboxService ?? null,
    liveTail: api?.liveTail ?? null,
    notifier: hasDeliverer(role) && sender !== null ? new Notifier(context, store, sender, USER_AGENT) : null,
    // In every role, because any process that reads an inbox may find expired last leases.
    quarantinePublisher: newQuarantinePublisher(context, engine, directory),
    ...(hasWorker(role) ? backgroundWork(context, engine, settings) : NO_BACKGROUND_WORK),
  };
}

const NO_BACKGROUND_WORK = {
  reconciler: null,
  retention: null,
  jobRunner: null,
  eraser: null,
  secretRenewal: null,
};

/** Periodic work of workers. If several processes share a store, only the leader does it. */
function backgroundWork(context: Context, engine: Engine, settings: Settings) {
  const { store, worker } = engine;
  const leadership = worker?.leadership ?? null;
  const { retentionMs: keepMs, dedupWindowMs, rateLimits } = settings;
  const allowance = new JobAllowance({ store, rateLimiter: engine.rateLimiter, rateLimits });
  return {
    reconciler: worker === null ? null : new Reconciler(context, worker),
    retention: new Retention(context, store, { keepMs, dedupWindowMs, wholeDays: worker !== null, leadership }),
    jobRunner: new JobRunner(context, engine, allowance, leadership),
    eraser: new Eraser(context, engine),
    secretRenewal: new SecretRenewal(context, store.secrets),
  };
}

function newDeliverer(
  context: Context,
  engine: Engine,
  { settings, sender, directory }: { settings: Settings; sender: Sender; directory: EndpointDirectory },
): Deliverer {
  return new Deliverer(context, engine, sender, directory, {
    userAgent: USER_AGENT,
    disableAfterMs: settings.webhook.disableAfterMs,
    maxOpenFiles: maxOpenFiles(),
  });
}

function newQuarantinePublisher(
  context: Context,
  { intake, store }: Engine,
  directory: EndpointDirectory,
): QuarantinePublisher {
  const retryLoop = new RetryLoop(context.log);
  const operational = new OperationalEvents(context, intake, directory, retryLoop);
  return new QuarantinePublisher(context, store.inboxes, operational, retryLoop);
}

function newSender(settings: Settings, clock: Clock): Sender {
  const { allowedNetworks, httpsOnly, blockedPorts } = settings.webhook;
  return createSender({
    allowedNetworks,
    allowLoopback: settings.development,
    httpsOnly,
    ...(blockedPorts === null ? {} : { blockedPorts }),
    clock,
    userAgent: USER_AGENT,
  });
}

/** The stages that requests go through. */
function apiStages(context: Context, engine: Engine, { settings, fanOut }: { settings: Settings; fanOut: FanOut }) {
  const { store, worker } = engine;
  const reads = new ReadSlots(context.clock);
  const events = new EventReader(context, engine);
  return {
    reads,
    events,
    authenticator: new Authenticator(context, store.organizations, {
      maxAgeMs: worker === null ? FOREVER_MS : KEY_MAX_AGE_MS,
      refusedKey: settings.development ? null : DEVELOPMENT_KEY,
    }),
    acceptor: new EventAcceptor(context, engine),
    inboxService: new InboxService(context, store, reads),
    keyService: new KeyService(context, store.organizations),
    redeliveryService: new RedeliveryService(context, engine, events, fanOut, reads),
    erasureService: new ErasureService(context, engine, events),
    liveTail: new LiveTail(context, engine.activity, store.events),
  };
}

type ServerParts = ReturnType<typeof apiStages> &
  Pick<Parameters<typeof createServer>[0], 'engine' | 'phase' | 'stalled' | 'metricsPage'> & {
    readonly sender: Sender;
    readonly settings: Settings;
  };

function newServer(context: Context, { settings, ...parts }: ServerParts): Promise<FastifyInstance> {
  const { clock, log } = context;
  return createServer({
    ...context,
    ...parts,
    endpointTester: new EndpointTester(context, parts.sender, USER_AGENT),
    adminToken: adminTokenOf(settings.adminToken, settings.dataDir, log),
    wrongKeys: new WrongCredentials(clock, MAX_WRONG_KEYS),
    wrongAdminTokens: new WrongCredentials(clock, MAX_WRONG_ADMIN_TOKENS),
    clientAddress: createClientAddress(settings.trustedProxies),
    version: VERSION,
    endpointDefaults: settings.webhook,
    dedupWindowMs: settings.dedupWindowMs,
    retentionMs: settings.retentionMs,
    rateLimits: settings.rateLimits,
    loopbackOnly: settings.development,
    developmentKey: settings.development ? DEVELOPMENT_KEY : null,
  });
}

async function newHealthServer(
  parts: Parameters<typeof createHealthServer>[0],
  { healthPort }: Settings,
): Promise<FastifyInstance | null> {
  return healthPort === null ? null : createHealthServer(parts);
}
