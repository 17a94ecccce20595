import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { findProgram } from './debian-programs.ts';
import { freePort, ServerProcess } from './server-process.ts';

/** A private Redis on a free port, its files in a folder of its own. */
export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly #args: readonly string[];
  #process: ServerProcess;

  private constructor(port: number, folder: string, args: readonly string[]) {
    this.port = port;
    this.folder = folder;
    this.#args = args;
    this.#process = this.#spawn();
  }

  /** @param args options of redis-server; persistent as operators should have it unless they say otherwise */
  static async start(args: readonly string[] = []): Promise<RedisServer> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'triggers-redis-')));
    const server = new RedisServer(await freePort(), folder, args);
    await server.ready();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process.end(signal);
  }

  /** Starts it again on its port with its files, after `kill`. */
  async startAgain(): Promise<void> {
    this.#process = this.#spawn();
    await this.ready();
  }

  /** One command on a connection of its own: `command('XLEN', 'zapier:events')`. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  ready(): Promise<void> {
    return this.#process.untilReady(async () => {
      await this.command('PING');
    });
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(): ServerProcess {
    const fixed = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', ''];
    const persistent = ['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'];
    return new ServerProcess(findProgram('redis-server'), [...fixed, ...persistent, ...this.#args], {});
  }
}
