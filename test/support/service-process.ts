import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { engineEnvironment } from './engine-choice.ts';
import { keepOutput, noteSecretSettings } from './kept-logs.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
/** As in the start script of package.json. */
const NODE_FLAGS = ['--max-semi-space-size=4'];
const ADDRESS = /http:\/\/(?:localhost|127\.0\.0\.1):(\d+)/;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The service as people run it: a process of its own. */
export class ServiceProcess {
  readonly url: string;
  readonly pid: number;
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #output: string[];

  private constructor(child: ChildProcess, url: string, output: string[], ended: Promise<Ended>) {
    this.#child = child;
    this.#output = output;
    this.url = url;
    this.pid = child.pid ?? 0;
    this.ended = ended;
  }

  /** Resolves when it says its address; fails when it ends before, with what it said. */
  static async start(env: Record<string, string>, args: readonly string[] = ['serve']): Promise<ServiceProcess> {
    const { DATA_DIR } = env;
    const servers = DATA_DIR === undefined ? {} : await engineEnvironment(DATA_DIR);
    const { child, output, ended } = spawnService({ ...servers, ...env } as Record<string, string>, args);
    const port = await new Promise<string>((resolve, reject) => {
      void ended.then(({ code }) => reject(new Error(`the service ended with ${code}: ${output.join('')}`)));
      child.stdout?.on('data', () => {
        const found = ADDRESS.exec(output.join(''))?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    return new ServiceProcess(child, `http://127.0.0.1:${port}`, output, ended);
  }

  /** Runs one that is expected to end by itself. */
  static async run(env: Record<string, string>, args: readonly string[]): Promise<Ended & { output: string }> {
    const { output, ended } = spawnService(env, args);
    return { ...(await ended), output: output.join('') };
  }

  /** Calls with what it writes, as it comes. */
  onOutput(listener: (text: string) => void): void {
    this.#child.stdout?.on('data', listener);
  }

  /** Everything it wrote so far. */
  get output(): string {
    return this.#output.join('');
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.kill(signal);
    return this.ended;
  }
}

function spawnService(env: Record<string, string>, args: readonly string[]) {
  noteSecretSettings(env);
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, ...args], {
    env: { ...process.env, PORT: '0', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output.push(chunk);
      keepOutput(child.pid ?? 0, chunk);
      // A long run says much; only its end matters.
      if (output.length > 1_000) output.splice(0, 500);
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }) as Ended);
  return { child, output, ended };
}
