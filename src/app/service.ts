import { drain } from '../api/http/sockets/index.ts';
import type { ServicePhase } from '../core/service-phase.ts';
import type { Milliseconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/observability/log.ts';
import { StartRefused } from '../ports/start-refused.ts';
import { compose, type Parts } from './compose.ts';
import { ensureDevelopmentOrganization } from './development.ts';
import { hasApi, type Role, type Settings } from './settings/index.ts';
import { warmUp } from './warm-up.ts';

/**
 * Time for attempts in progress at a stop. Later ones are interrupted or released, and are made again by another process or at
 * the next start.
 */
const DELIVERY_GRACE_MS: Milliseconds = 10_000;

export interface RunningService {
  /** URL of the server, such as `http://127.0.0.1:8000`. Null for a role without an API if `HEALTH_PORT` is not set. */
  readonly address: string | null;
  readonly engineName: string;
  /** Stops the service: no new work is accepted, work in progress is finished within bounds, nothing is lost. */
  stop(): Promise<void>;
  /** Resolves if the service ends by itself, because it can no longer keep its promises. */
  readonly stopped: Promise<void>;
}

/** Starts the service. Throws `StartRefused` with a sentence that says what to change. */
export async function startService(args: {
  role?: Role;
  settings: Settings;
  log: Log;
  clock: Clock;
}): Promise<RunningService> {
  const { role = 'serve', settings, log, clock } = args;
  if (role !== 'serve' && settings.servers === null) {
    throw new StartRefused(
      `The role ${role} needs the distributed engine: set REDIS_URL and DATABASE_URL, or run all roles with serve.`,
    );
  }
  const ended = Promise.withResolvers<void>();
  let phase: ServicePhase = 'starting';
  const parts = await compose({
    role,
    settings,
    log,
    clock,
    phase: () => phase,
    onFatal: (error) => {
      phase = 'stopping';
      log.error('The disk failed: the process exits. Everything answered before is stored', {}, error);
      ended.resolve();
    },
  });
  try {
    const address = await start(parts, role, settings);
    phase = 'ready';
    return {
      address,
      engineName: parts.engine.name,
      stopped: ended.promise,
      stop: async () => {
        phase = 'stopping';
        await stop(parts, clock);
      },
    };
  } catch (error) {
    await stop(parts, clock);
    throw error;
  }
}

async function start(parts: Parts, role: Role, settings: Settings): Promise<string | null> {
  const { engine, ids } = parts;
  if (settings.development) await ensureDevelopmentOrganization(engine.store.organizations, ids, engine.clock);
  const address = await listen(parts, settings, hasApi(role) ? settings.port : (settings.healthPort ?? 0));
  if (address !== null && hasApi(role)) await warmUp(address);
  parts.persister?.start();
  parts.reconciler?.start();
  if (settings.webhook.deliver) {
    await parts.deliverer?.start();
    parts.notifier?.start();
  }
  parts.retention?.start();
  parts.jobRunner?.start();
  parts.eraser?.start();
  parts.secretRenewal?.start();
  return address;
}

/**
 * Ends streams and long polls first, because closing the server would wait for them. Then requests, batches and attempts end
 * concurrently.
 */
async function stop(parts: Parts, clock: Clock): Promise<void> {
  parts.liveTail?.stop();
  parts.inboxService?.stop();
  await Promise.all([
    parts.server === null ? undefined : drain(parts.server, clock),
    parts.persister?.stop(),
    parts.reconciler?.stop(),
    parts.retention?.stop(),
    parts.jobRunner?.stop(),
    parts.eraser?.stop(),
    parts.secretRenewal?.stop(),
    parts.notifier?.stop(),
    // Without a deliverer, the sender has at most tests in progress. They must not delay the stop for 30 s.
    parts.deliverer === null ? parts.sender?.close(DELIVERY_GRACE_MS) : parts.deliverer.stop(DELIVERY_GRACE_MS),
  ]);
  // After the last request, which may have quarantined messages.
  await parts.quarantinePublisher.stop();
  await parts.engine.close();
  await parts.tracer.close();
}

async function listen({ server }: Parts, { host }: Settings, port: number): Promise<string | null> {
  if (server === null) return null;
  try {
    return await server.listen({ host, port });
  } catch (error) {
    const reason = LISTEN_ERRORS[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    throw new StartRefused(reason(host, port));
  }
}

const LISTEN_ERRORS: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (_host, port) =>
    `Port ${port} is used by another program: stop that program, or choose another port (PORT=${port + 1} npm start).`,
  EACCES: (_host, port) => `This user may not listen on port ${port}: choose a port above 1023 with PORT.`,
  EADDRNOTAVAIL: (host) =>
    `${host} is not an address of this machine: set HOST to one of its addresses, or to 0.0.0.0 for all.`,
  ENOTFOUND: (host) =>
    `${host} is not a name of this machine: set HOST to one of its addresses, or to 0.0.0.0 for all.`,
};
