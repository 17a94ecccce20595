import cluster, { type Worker } from 'node:cluster';
import { SystemClock } from '../app/clock.ts';
import { type ClosableLog, createLog, standardOutput } from '../app/logging/index.ts';
import { type Environment, environment, type Role, readSettings } from '../app/settings/index.ts';
import { DRAIN_TIMEOUT_MS, stopRequested } from '../app/shutdown.ts';
import type { Milliseconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import { isChildProcess } from './child-process.ts';
import { RestartPauses } from './restart-pauses.ts';

/** A child that does not end within its own bound is killed after this. */
const KILL_AFTER_MS: Milliseconds = DRAIN_TIMEOUT_MS + 5_000;

/**
 * Runs `processes` processes of one role as children, and restarts those that die. Children with an API share one port.
 * @returns the exit code; `child` in a child process
 */
export async function runMany(command: {
  role: Role;
  processes: number;
  overrides: Environment;
}): Promise<number | 'child'> {
  if (isChildProcess()) return 'child';
  const env = environment();
  const settings = readSettings({ ...env, ...command.overrides });
  if ('problems' in settings) {
    process.stderr.write(`${settings.problems.join('\n')}\n`);
    return 1;
  }
  if (settings.servers === null) {
    process.stderr.write(
      'More than one process needs the distributed engine: set REDIS_URL and DATABASE_URL, or omit --processes.\n',
    );
    return 1;
  }
  const clock = new SystemClock();
  const sink = standardOutput();
  const form = settings.production ? ('json' as const) : ('text' as const);
  const colors = process.stdout.isTTY === true && !env['NO_COLOR'];
  const log = createLog({ level: settings.logLevel, form, colors, clock, sink });
  const stop = stopRequested(process, clock, (code) => process.exit(code));
  const code = await new Processes(command.processes, log, clock).run(stop);
  await log.flush();
  return code;
}

/** The children of this process by place. A new child takes the place of one that dies. */
class Processes {
  readonly #count: number;
  readonly #log: ClosableLog;
  readonly #clock: Clock;
  readonly #places = new Map<number, Worker>();
  readonly #ended = Promise.withResolvers<number>();
  /** Whether any child was ever ready. An earlier exit is a failed start. */
  #anyReady = false;
  #stopping = false;

  constructor(count: number, log: ClosableLog, clock: Clock) {
    this.#count = count;
    this.#log = log;
    this.#clock = clock;
  }

  async run(stop: Promise<string>): Promise<number> {
    // The first child starts alone, so that a failed start is reported once.
    this.#start(1, new RestartPauses());
    const reason = await Promise.race([stop, this.#ended.promise.then(() => null)]);
    if (reason !== null) this.#log.info(`Stopping ${this.#count} processes (${reason})`);
    this.#stop();
    return this.#ended.promise;
  }

  #start(place: number, pauses: RestartPauses): void {
    const startedAt = this.#clock.monotonicMs();
    const worker = cluster.fork();
    this.#places.set(place, worker);
    worker.once('message', () => {
      if (this.#anyReady || this.#stopping) return;
      this.#anyReady = true;
      for (let other = 2; other <= this.#count; other++) this.#start(other, new RestartPauses());
    });
    worker.once('exit', (code, signal) => {
      this.#places.delete(place);
      if (this.#stopping || !this.#anyReady) {
        this.#endWith(this.#stopping ? 0 : (code ?? 1) || 1);
        return;
      }
      const pauseMs = pauses.next(this.#clock.monotonicMs() - startedAt);
      this.#log.warn(`Process ${worker.process.pid} ended (${signal ?? code}); another starts in ${pauseMs} ms`);
      setTimeout(() => {
        if (!this.#stopping) this.#start(place, pauses);
      }, pauseMs);
    });
  }

  #endWith(code: number): void {
    if (this.#places.size === 0 || code !== 0) this.#ended.resolve(code);
    this.#stop();
  }

  #stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const { process: child } of this.#places.values()) {
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
    }
    if (this.#places.size === 0) this.#ended.resolve(0);
  }
}
