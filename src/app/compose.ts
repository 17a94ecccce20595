import { randomFillSync } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { ServicePhase } from '../api/context.ts';
import { createServer } from '../api/server.ts';
import { IdSource } from '../core/ids.ts';
import { openSqliteEngine } from '../engines/sqlite/engine.ts';
import { AcceptStation } from '../pipeline/accept.ts';
import { Authenticator } from '../pipeline/authenticate.ts';
import { Deliverer } from '../pipeline/deliver.ts';
import { EndpointDirectory } from '../pipeline/endpoint-directory.ts';
import { createFanOut } from '../pipeline/fan-out.ts';
import { InboxStation } from '../pipeline/inbox.ts';
import { Retention } from '../pipeline/retain.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine } from '../ports/engine.ts';
import type { FanOut } from '../ports/fan-out.ts';
import type { Log } from '../ports/log.ts';
import type { Sender } from '../ports/sender.ts';
import { createSender } from '../sender/sender.ts';
import { DEVELOPMENT_KEY, type Settings } from './settings.ts';
import { VERSION } from './version.ts';

const USER_AGENT = `triggers-api/${VERSION}`;
/** In the embedded engine every change passes through this process: what is cached stays right until the bus speaks. */
const FOREVER_MS = Number.POSITIVE_INFINITY;

/** The parts of a running service, put together and not started. */
export interface Parts {
  readonly engine: Engine;
  readonly sender: Sender;
  readonly server: FastifyInstance;
  readonly inboxStation: InboxStation;
  readonly deliverer: Deliverer;
  readonly retention: Retention;
  readonly ids: IdSource;
}

/** `LOG_SQL`: which statement, and how long it took; never its values. */
function logStatements(log: Log) {
  return (statement: string, durationMs: number): void =>
    log.sampled('sql', 'info', () => `SQL ${statement} took ${durationMs.toFixed(2)}ms`);
}

/** The only place that knows every part. */
export async function compose(args: {
  settings: Settings;
  log: Log;
  clock: Clock;
  phase: () => ServicePhase;
  /** The disk failed under us: no promise can be kept any more, the process has to end. */
  onFatal: (error: unknown) => void;
}): Promise<Parts> {
  const { settings, log, clock } = args;
  const ids = new IdSource(() => clock.now(), randomFillSync);

  // The engine asks for fan-out, which asks the directory, which reads the engine's store.
  let fanOut: FanOut = () => [];
  const engine = await openSqliteEngine({
    dataDir: settings.dataDir,
    clock,
    ids,
    fanOut: (event) => fanOut(event),
    dedupWindowMs: settings.dedupWindowMs,
    maxBacklog: settings.maxBacklog,
    onFatal: args.onFatal,
    ...(settings.logSql ? { logSql: logStatements(log) } : {}),
  });
  if (engine.lastEventId !== null) ids.raiseFloor(engine.lastEventId);
  const { store, bus } = engine;
  const directory = new EndpointDirectory({ store: store.endpoints, bus, clock, maxAgeMs: FOREVER_MS });
  fanOut = createFanOut(directory, ids);

  const sender = createSender({
    allowedNetworks: settings.webhook.allowedNetworks,
    allowLoopback: settings.development,
    httpsOnly: settings.webhook.httpsOnly,
    clock,
    userAgent: USER_AGENT,
  });
  const inboxStation = new InboxStation({ store: store.inboxes, ids, clock });
  const server = await createServer({
    engine,
    authenticator: new Authenticator({
      store: store.organizations,
      bus,
      clock,
      maxAgeMs: FOREVER_MS,
      refusedKey: settings.development ? null : DEVELOPMENT_KEY,
    }),
    acceptStation: new AcceptStation({ intake: engine.intake, ids, clock, log, intakeIsRecord: true }),
    inboxStation,
    sender,
    ids,
    clock,
    log,
    version: VERSION,
    endpointDefaults: settings.webhook,
    rateLimits: settings.rateLimits,
    loopbackHostsOnly: settings.development,
    phase: args.phase,
  });
  return {
    engine,
    sender,
    server,
    inboxStation,
    ids,
    deliverer: new Deliverer({
      queue: engine.queue,
      endpoints: store.endpoints,
      directory,
      bus,
      sender,
      clock,
      log,
      userAgent: USER_AGENT,
    }),
    retention: new Retention({ events: store.events, clock, log, keepMs: settings.retentionMs }),
  };
}
