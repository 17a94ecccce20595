import type { Milliseconds } from '../../../core/time.ts';
import type { EngineHealth } from '../../../ports/engine.ts';
import type { Log } from '../../../ports/observability/log.ts';
import type { Metrics } from '../../../ports/observability/metrics.ts';
import { StartRefused } from '../../../ports/start-refused.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { tlsReason } from '../tls-reason.ts';
import { isRefusal, replyCode, WrongType } from './errors.ts';
import type { Argument, Link } from './link.ts';
import { type LuaScript, loadLuaScripts } from './lua-scripts.ts';
import { ReconnectingLink } from './reconnecting-link.ts';

/** A server that owes an answer for this long counts as lost. */
const SILENCE_MS: Milliseconds = 1_500;
/** The same for connections with blocking reads of up to 2 s. */
const BLOCKING_SILENCE_MS: Milliseconds = 5_000;
/** How long a start waits for a server that is starting or loading its file. */
const START_TIMEOUT_MS: Milliseconds = 5_000;
const START_PAUSE_MS: Milliseconds = 50;
/** How long health reports a write that Redis had no memory for. */
const REMEMBERED_MS: Milliseconds = 5_000;

export interface RedisOptions {
  readonly url: string;
  /** The prefix of every key: `zapier` for `zapier:events`. */
  readonly prefix: string;
  readonly metrics?: Metrics;
  readonly log?: Pick<Log, 'sampled'>;
}

/**
 * Connections to Redis: one for commands, which fail within seconds and are never repeated automatically once they may
 * have run, and one per blocking reader. Each reconnects forever.
 */
export class Redis {
  readonly #options: RedisOptions;
  readonly #scripts: ReadonlyMap<string, LuaScript>;
  readonly #readers = new Set<RedisReader>();
  readonly #link: ReconnectingLink;
  #refusal: { readonly health: EngineHealth; readonly forget: NodeJS.Timeout } | undefined;

  private constructor(options: RedisOptions) {
    this.#options = options;
    this.#scripts = loadLuaScripts();
    this.#link = new ReconnectingLink({ url: options.url, silenceMs: SILENCE_MS });
  }

  /** @throws StartRefused when the server cannot be reached, or refuses the connection */
  static async open(options: RedisOptions): Promise<Redis> {
    if (!/^(rediss?|unix):\/\/./.test(options.url) || !URL.canParse(options.url)) {
      throw new StartRefused('REDIS_URL is not an address of Redis: it should look like redis://localhost:6379.');
    }
    const redis = new Redis(options);
    await redis.#start();
    return redis;
  }

  /** `key('events')` → `zapier:events` */
  key(name: string): string {
    return `${this.#options.prefix}:${name}`;
  }

  /**
   * Runs a script of `lua/`.
   * @throws EngineUnavailable when the server cannot run it; the script's effect is unknown then
   */
  async run(name: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const script = this.#scripts.get(name);
    if (script === undefined) throw new TypeError(`Script ${name} does not exist`);
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#send(['EVALSHA', script.sha1, ...rest]);
    } catch (error) {
      if (replyCode(error) !== 'NOSCRIPT') throw error;
      return await this.#send(['EVAL', script.text, ...rest]);
    }
  }

  /** Runs one command. Rejects like `run`. */
  command(...args: readonly Argument[]): Promise<unknown> {
    return this.#send(args);
  }

  /** Like `command`, with strings as bytes. */
  commandBytes(...args: readonly Argument[]): Promise<unknown> {
    return this.#send(args, true);
  }

  /** Opens a separate connection for commands that block in the server, up to 2 s each. */
  reader(): RedisReader {
    const reader = new RedisReader(this.#options.url, () => this.#readers.delete(reader));
    this.#readers.add(reader);
    return reader;
  }

  /** The server's run id, which changes with each start. */
  async runId(): Promise<string> {
    return /^run_id:(\w+)/m.exec(String(await this.command('INFO', 'server')))?.[1] ?? '';
  }

  /**
   * The state that commands meet now. A write without memory is reported for some seconds only: without requests
   * nothing would notice free memory.
   */
  health(): EngineHealth {
    if (!this.#link.isUsable) return { status: 'failed', reason: "Redis can't be reached" };
    if (this.#refusal !== undefined) return this.#refusal.health;
    return { status: 'ok', reason: null };
  }

  /** Waits for running commands; readers are disconnected. */
  async close(): Promise<void> {
    clearTimeout(this.#refusal?.forget);
    for (const reader of this.#readers) reader.close();
    await this.#link.close();
  }

  async #start(): Promise<void> {
    const until = performance.now() + START_TIMEOUT_MS;
    while (true) {
      try {
        await this.#link.send(['PING']);
        return;
      } catch (error) {
        const { lastError } = this.#link;
        if (performance.now() > until || isRefusal(lastError)) {
          this.#link.destroy();
          throw new StartRefused(whyNot(lastError ?? error, this.#options.url));
        }
        await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS));
      }
    }
  }

  async #send(args: readonly Argument[], bytes = false): Promise<unknown> {
    const { metrics } = this.#options;
    const startedAt = metrics === undefined ? 0 : performance.now();
    try {
      const answer = await this.#link.send(args, bytes);
      metrics?.store('redis', performance.now() - startedAt);
      return answer;
    } catch (error) {
      if (error instanceof WrongType) this.reportWrongType(error);
      else if (error instanceof EngineUnavailable && error.code === 'storage_failed')
        this.#remember(error.message, 'failed');
      throw error;
    }
  }

  /** Logs the error (sampled, because every command on the key repeats it) and remembers it for health. */
  reportWrongType({ message, isOfOne }: WrongType): void {
    // An error that affects everyone outweighs one that affects a single lane or organization.
    if (!isOfOne || this.#refusal?.health.status !== 'failed') this.#remember(message, isOfOne ? 'degraded' : 'failed');
    this.#options.log?.sampled('redis.wrong_type', 'error', () => message);
  }

  #remember(reason: string, status: EngineHealth['status']): void {
    clearTimeout(this.#refusal?.forget);
    const forget = setTimeout(() => {
      this.#refusal = undefined;
    }, REMEMBERED_MS).unref();
    this.#refusal = { health: { status, reason }, forget };
  }
}

interface Subscription {
  readonly listener: (message: string) => void;
  readonly onGap: () => void;
  isActive: boolean;
}

/** A connection for blocking commands and subscriptions. It connects when first used. Errors are `EngineUnavailable`. */
export class RedisReader {
  readonly #url: string;
  readonly #forget: () => void;
  #link: ReconnectingLink | undefined;
  readonly #subscriptions = new Map<string, Subscription>();
  #closed = false;

  constructor(url: string, forget: () => void) {
    this.#url = url;
    this.#forget = forget;
  }

  /** Runs one command; strings are returned as bytes. */
  async commandBytes(...args: readonly Argument[]): Promise<unknown> {
    return this.#connected().send(args, true);
  }

  /**
   * Subscribes one listener per channel. Resolves when every later message reaches it.
   * @param onGap called when messages may have been missed: the connection was lost and is restored
   */
  async subscribe(channel: string, listener: (message: string) => void, onGap: () => void): Promise<void> {
    const subscription = { listener, onGap, isActive: false };
    this.#subscriptions.set(channel, subscription);
    try {
      // A connection opened meanwhile is subscribed already; repeating it has no effect.
      await this.#connected().use((link) => link.subscribe(channel, listener));
      subscription.isActive = true;
    } catch (error) {
      await this.unsubscribe(channel);
      throw error;
    }
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#subscriptions.delete(channel);
    // A lost connection has lost its subscriptions too.
    await this.#link?.use((link) => link.unsubscribe(channel)).catch(() => {});
  }

  close(): void {
    this.#closed = true;
    this.#forget();
    this.#link?.destroy();
  }

  #connected(): ReconnectingLink {
    if (this.#closed) throw new EngineUnavailable('closing', 'The engine is closing');
    this.#link ??= new ReconnectingLink({
      url: this.#url,
      silenceMs: BLOCKING_SILENCE_MS,
      prepare: (link) => this.#subscribeAgain(link),
    });
    return this.#link;
  }

  async #subscribeAgain(link: Link): Promise<void> {
    const subscribed = [...this.#subscriptions].map(async ([channel, subscription]) => {
      await link.subscribe(channel, subscription.listener);
      if (subscription.isActive) subscription.onGap();
      subscription.isActive = true;
    });
    await Promise.all(subscribed);
  }
}

function whyNot(error: unknown, url: string): string {
  const { host } = new URL(url);
  switch (replyCode(error)) {
    case 'WRONGPASS':
    case 'NOAUTH':
    case 'NOPERM':
      return `Redis at ${host} refused the user or password of REDIS_URL.`;
    case 'LOADING':
      return `Redis at ${host} is still loading its file: start again when it has.`;
    default:
      break;
  }
  const tls = tlsReason(error, 'REDIS_URL');
  if (tls !== undefined) return `No TLS with Redis at ${host}: ${tls}`;
  // A Redis without TLS does not answer a handshake: it waits for the end of a line.
  return url.startsWith('rediss:')
    ? `Redis can't be reached by TLS at ${host}: start it, or change REDIS_URL (redis:// where it speaks no TLS on this port).`
    : `Redis can't be reached at ${host}: start it, or change REDIS_URL.`;
}
