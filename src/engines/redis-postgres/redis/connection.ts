import { createClient, RESP_TYPES } from '@redis/client';
import type { Milliseconds } from '../../../core/time.ts';
import type { EngineHealth } from '../../../ports/engine.ts';
import { StartRefused } from '../../../ports/start-refused.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { asEngineError, isPassing, replyCode } from './errors.ts';
import { type LuaScript, loadLuaScripts } from './lua-scripts.ts';

/** A server that says nothing for this long is given up; pings keep a quiet connection from looking like that. */
const SILENCE_MS: Milliseconds = 1_500;
const PING_MS: Milliseconds = 500;
/** The same where reads wait in the server for up to 2 s. */
const BLOCKING_SILENCE_MS: Milliseconds = 5_000;
const BLOCKING_PING_MS: Milliseconds = 1_000;
const CONNECT_TIMEOUT_MS: Milliseconds = 2_000;
/** How long a start waits for a server that is not there yet, or loads its file. */
const START_TIMEOUT_MS: Milliseconds = 5_000;
/** For a connection that is just being made again, and for a server that says it can't right now. */
const PATIENCE_MS: Milliseconds = 800;
const RETRY_PAUSE_MS: Milliseconds = 50;

type Client = ReturnType<typeof newClient>;
type Argument = string | Buffer;

export interface RedisOptions {
  readonly url: string;
  /** What every name begins with: `zapier` for `zapier:events`. */
  readonly prefix: string;
}

/**
 * Connections to Redis: one for commands, which fail within seconds and are never repeated on their own once they may
 * have been carried out, and one for each reader that waits. Each is made again for ever.
 */
export class Redis {
  readonly #options: RedisOptions;
  readonly #scripts: ReadonlyMap<string, LuaScript>;
  readonly #readers = new Set<Client>();
  #client: Client;
  #lastFailure: string | null = null;
  #closing = false;

  private constructor(options: RedisOptions) {
    this.#options = options;
    this.#scripts = loadLuaScripts();
    this.#client = newClient(options.url, { silenceMs: SILENCE_MS, pingMs: PING_MS });
  }

  /** @throws StartRefused when the server can't be reached, or refuses us */
  static async open(options: RedisOptions): Promise<Redis> {
    const redis = new Redis(options);
    await redis.#start();
    return redis;
  }

  /** `key('events')` → `zapier:events` */
  key(name: string): string {
    return `${this.#options.prefix}:${name}`;
  }

  /** Runs a script of `lua/`. Rejects with `EngineUnavailable` when the server can't; what the script did is unknown then. */
  async run(name: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const script = this.#scripts.get(name);
    if (script === undefined) throw new TypeError(`There is no script ${name}`);
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#send(['EVALSHA', script.sha1, ...rest]);
    } catch (error) {
      if (replyCode(error) !== 'NOSCRIPT') throw error;
      return await this.#send(['EVAL', script.text, ...rest]);
    }
  }

  /** One command. Rejects as `run`. */
  command(...args: readonly Argument[]): Promise<unknown> {
    return this.#send(args);
  }

  /** The same, its strings as bytes. */
  commandBytes(...args: readonly Argument[]): Promise<unknown> {
    return this.#persevere(() => asBytes(this.#client).sendCommand([...args]));
  }

  /** A connection of one's own for commands that wait in the server, up to 2 s each. */
  reader(): RedisReader {
    const client = newClient(this.#options.url, { silenceMs: BLOCKING_SILENCE_MS, pingMs: BLOCKING_PING_MS });
    this.#readers.add(client);
    return new RedisReader(client, () => this.#readers.delete(client));
  }

  /** Another for each start of the server. */
  async runId(): Promise<string> {
    return /^run_id:(\w+)/m.exec(String(await this.command('INFO', 'server')))?.[1] ?? '';
  }

  health(): EngineHealth {
    if (this.#client.isReady && this.#lastFailure === null) return { status: 'ok', reason: null };
    return { status: 'failed', reason: this.#lastFailure ?? "Redis can't be reached" };
  }

  /** Commands under way end first; readers are cut off. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    for (const client of this.#readers) client.destroy();
    if (this.#client.isReady) await this.#client.close().catch(() => {});
    else this.#client.destroy();
  }

  async #start(): Promise<void> {
    let lastError: unknown;
    this.#client.on('error', (error: unknown) => {
      lastError = error;
    });
    const giveUp = AbortSignal.timeout(START_TIMEOUT_MS);
    const late = new Promise<never>((_, reject) => {
      giveUp.addEventListener('abort', () => reject(lastError ?? new Error('silence')));
    });
    try {
      await Promise.race([this.#client.connect(), late]);
      while (!giveUp.aborted) {
        try {
          await Promise.race([this.#client.sendCommand(['PING']), late]);
          return;
        } catch (error) {
          lastError = error;
          if (!isPassing(error)) throw error;
          await sleep(RETRY_PAUSE_MS);
        }
      }
      throw lastError;
    } catch (error) {
      this.#closing = true;
      this.#client.destroy();
      throw new StartRefused(whyNot(error, this.#options.url));
    }
  }

  #send(args: readonly Argument[]): Promise<unknown> {
    return this.#persevere(() => this.#client.sendCommand([...args]));
  }

  /** Again only where nothing can have been done: not sent, or refused. */
  async #persevere<Reply>(send: () => Promise<Reply>): Promise<Reply> {
    const until = performance.now() + PATIENCE_MS;
    while (true) {
      if (this.#closing) throw new EngineUnavailable('closing', 'The engine is closing');
      if (this.#client.isReady) {
        try {
          const reply = await send();
          this.#lastFailure = null;
          return reply;
        } catch (error) {
          if (!isPassing(error) || performance.now() > until) throw this.#failed(error);
          // A server that was a primary and is none any more: the address may lead to the new one.
          if (replyCode(error) === 'READONLY') this.#renew();
        }
      } else if (performance.now() > until) {
        throw this.#failed(new Error('offline'));
      }
      await sleep(RETRY_PAUSE_MS);
    }
  }

  #failed(error: unknown): unknown {
    const meant = asEngineError(error, this.#closing);
    if (meant instanceof EngineUnavailable) this.#lastFailure = meant.message;
    return meant;
  }

  #renew(): void {
    const old = this.#client;
    this.#client = newClient(this.#options.url, { silenceMs: SILENCE_MS, pingMs: PING_MS });
    this.#client.connect().catch(() => {});
    old.destroy();
  }
}

/** A connection on which commands wait. Its errors are `EngineUnavailable`, as everywhere; it connects when first used. */
export class RedisReader {
  readonly #client: Client;
  readonly #forget: () => void;
  #connecting: Promise<unknown> | undefined;
  #closed = false;

  constructor(client: Client, forget: () => void) {
    this.#client = client;
    this.#forget = forget;
  }

  /** Strings come as bytes. */
  async commandBytes(...args: readonly Argument[]): Promise<unknown> {
    try {
      await this.#connect();
      return await asBytes(this.#client).sendCommand([...args]);
    } catch (error) {
      throw asEngineError(error, this.#closed);
    }
  }

  /** @param onGap messages may have been missed: the connection was lost and is there again */
  async subscribe(channel: string, listener: (message: string) => void, onGap: () => void): Promise<void> {
    let first = true;
    this.#client.on('ready', () => {
      if (!first) onGap();
      first = false;
    });
    await this.#connect();
    await this.#client.subscribe(channel, listener);
  }

  close(): void {
    this.#closed = true;
    this.#forget();
    this.#client.destroy();
  }

  async #connect(): Promise<void> {
    this.#connecting ??= this.#client.connect();
    await this.#connecting;
  }
}

function newClient(url: string, { silenceMs, pingMs }: { silenceMs: Milliseconds; pingMs: Milliseconds }) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    pingInterval: pingMs,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: silenceMs,
      reconnectStrategy: (retries: number) => Math.min(50 * 2 ** retries, 1_000) * (0.75 + Math.random() / 2),
    },
  });
  // Whoever waits for an answer learns of it; the connection is made again by itself.
  client.on('error', () => {});
  return client;
}

function asBytes(client: Client) {
  return client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer });
}

function whyNot(error: unknown, url: string): string {
  const { host } = new URL(url);
  switch (replyCode(error)) {
    case 'WRONGPASS':
    case 'NOAUTH':
      return `Redis at ${host} refused the user or password of REDIS_URL.`;
    case 'LOADING':
      return `Redis at ${host} is still loading its file: start again when it has.`;
    default:
      return `Redis can't be reached at ${host}: start it, or change REDIS_URL.`;
  }
}

function sleep(ms: Milliseconds): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
