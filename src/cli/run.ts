import { resolve } from 'node:path';
import { banner } from '../app/banner.ts';
import { SystemClock } from '../app/clock.ts';
import { type ClosableLog, createLog, type LineSink, standardOutput } from '../app/logging/index.ts';
import { type RunningService, startService } from '../app/service.ts';
import {
  DEVELOPMENT_KEY,
  type Environment,
  environment,
  hasApi,
  type Role,
  readSettings,
  type Settings,
} from '../app/settings/index.ts';
import { DRAIN_TIMEOUT_MS, stopRequested, stopWithin } from '../app/shutdown.ts';
import { VERSION } from '../app/version.ts';
import { StartRefused } from '../ports/start-refused.ts';
import { isChildProcess, reportReady } from './child-process.ts';

/** Runs one process of the service until it is asked to stop. Resolves with the exit code. */
export async function run({ role, overrides }: { role: Role; overrides: Environment }): Promise<number> {
  // Only this user may read the files that this process creates.
  process.umask(0o077);
  const env = environment();
  const settings = readSettings({ ...env, ...overrides });
  if ('problems' in settings) {
    process.stderr.write(`${settings.problems.join('\n')}\n`);
    return 1;
  }
  const clock = new SystemClock();
  const colors = process.stdout.isTTY === true && !env['NO_COLOR'];
  const sink = standardOutput();
  const log = createLog({
    level: settings.logLevel,
    form: settings.production ? 'json' : 'text',
    colors,
    clock,
    sink,
  });
  endOnFault(log);
  // Signals are handled before the start, so that a signal during the start stops it cleanly.
  const stop = stopRequested(process, clock, (code) => process.exit(code));
  const service = await start({ role, settings, log, clock });
  if (service === undefined) return 1;
  let asked = false;
  void stop.then(() => {
    asked = true;
  });
  await Promise.resolve();
  if (!asked) announce({ role, settings, service, log, sink, colors });
  return await runUntilStopped(service, stop, log);
}

async function start(args: Parameters<typeof startService>[0]): Promise<RunningService | undefined> {
  try {
    return await startService(args);
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    process.stderr.write(`${error.message}\n`);
    return undefined;
  }
}

async function runUntilStopped(service: RunningService, stop: Promise<string>, log: ClosableLog): Promise<number> {
  const reason = await Promise.race([stop, service.stopped.then(() => undefined)]);
  if (reason === undefined) {
    log.error('The service ended by itself');
    await log.flush();
    return 1;
  }
  log.info(`Stopping (${reason}): the work in progress is finished first`);
  const inTime = await stopWithin(() => service.stop(), DRAIN_TIMEOUT_MS);
  if (inTime) log.info('Stopped');
  else log.error(`Stopped after ${DRAIN_TIMEOUT_MS / 1_000} s with unfinished work; it continues at the next start`);
  await log.flush();
  return inTime ? 0 : 1;
}

/** Prints the start screen for people, or one log line for machines. */
function announce(args: {
  role: Role;
  settings: Settings;
  service: RunningService;
  log: ClosableLog;
  sink: LineSink;
  colors: boolean;
}): void {
  const { role, settings, service, log, sink, colors } = args;
  const { address, engineName } = service;
  const data = settings.servers === null ? { data_dir: resolve(settings.dataDir) } : {};
  reportReady();
  // Child processes print one log line each.
  if (settings.production || address === null || !hasApi(role) || isChildProcess()) {
    log.info(address === null ? 'Running' : 'Listening', {
      role,
      address,
      engine: engineName,
      ...data,
      version: VERSION,
    });
    return;
  }
  sink.write(
    banner({
      version: VERSION,
      engineName,
      address: addressForPeople(address),
      data: settings.servers === null ? resolve(settings.dataDir) : 'PostgreSQL and Redis',
      developmentKey: settings.development ? DEVELOPMENT_KEY : null,
      colors,
    }),
  );
}

/** Replaces loopback addresses with `localhost`, as in documents and examples. */
function addressForPeople(address: string): string {
  return address.replace(/\/\/(127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?=:\d+$)/, '//localhost');
}

/** Ends the process at an unexpected error. Accepted events are on disk, so exiting is safe and continuing is not. */
function endOnFault(log: ClosableLog): void {
  const end = (error: unknown): void => {
    log.error('Unexpected error: the process exits, and no accepted event is lost', {}, error);
    void log.flush().then(() => process.exit(1));
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
