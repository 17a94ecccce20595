import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { HANG_MS } from './hang.ts';

/** A server of somebody else's that a test started. Ends with this process, whatever happens. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #output: string[] = [];

  constructor(program: string, args: readonly string[], options: SpawnOptions) {
    this.#child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.#output.push(chunk);
        if (this.#output.length > 500) this.#output.splice(0, 250);
      });
    }
    const killWithUs = () => this.#child.kill('SIGKILL');
    process.on('exit', killWithUs);
    this.#exited = once(this.#child, 'close').finally(() => process.off('exit', killWithUs));
    this.#exited.catch(() => {});
    // A test that fails to stop it must not hang for it.
    this.#hold('unref');
  }

  #hold(how: 'ref' | 'unref'): void {
    this.#child[how]();
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      // Pipes of children are sockets; their type here does not say so.
      (stream as Partial<Record<'ref' | 'unref', () => void>> | null)?.[how]?.();
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Everything it wrote lately. */
  get output(): string {
    return this.#output.join('');
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.running) return;
    this.#hold('ref');
    this.#child.kill(signal);
    await this.#exited;
  }

  /** Resolves when `isReady` does not throw; fails when the server ends before, with what it said. */
  async untilReady(isReady: () => Promise<void>, timeoutMs = HANG_MS): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (true) {
      try {
        return await isReady();
      } catch (error) {
        if (!this.running || Date.now() > deadline) {
          throw new Error(`The server did not start: ${this.output}`, { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

/** Below 32768, where Linux and others begin to give out ports by themselves. Without 27017 ff., which senders refuse. */
const PORTS = { first: 20_000, count: 7_000 };

/**
 * A port for a server that is started later, or again after it was stopped. The system gives none of these to somebody
 * who asks for any port, nor to an outgoing connection: meanwhile nobody takes it.
 */
export async function freePort(): Promise<number> {
  while (true) {
    const port = PORTS.first + randomInt(PORTS.count);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(port, '127.0.0.1');
  try {
    await listening;
  } catch {
    return false;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}
