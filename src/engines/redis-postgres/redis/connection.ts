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

/** A server that owes answers and gives none for this long is given up. */
const SILENCE_MS: Milliseconds = 1_500;
/** The same where reads wait in the server for up to 2 s. */
const BLOCKING_SILENCE_MS: Milliseconds = 5_000;
/** How long a start waits for a server that is not there yet, or loads its file. */
const START_TIMEOUT_MS: Milliseconds = 5_000;
const START_PAUSE_MS: Milliseconds = 50;
/** For how long health tells of a write that Redis had no room for. */
const REMEMBERED_MS: Milliseconds = 5_000;

export interface RedisOptions {
  readonly url: string;
  /** What every name begins with: `zapier` for `zapier:events`. */
  readonly prefix: string;
  readonly metrics?: Metrics;
  readonly log?: Pick<Log, 'sampled'>;
}

/**
 * Connections to Redis: one for commands, which fail within seconds and are never repeated on their own once they may
 * have been carried out, and one for each reader that waits. Each is made again for ever.
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

  /** @throws StartRefused when the server can't be reached, or refuses us */
  static async open(options: RedisOptions): Promise<Redis> {
    if (!/^(rediss?|unix):\/\/./.test(options.url) || !URL.canParse(options.url)) {
      throw new StartRefused('REDIS_URL is no address of Redis: it should look like redis://localhost:6379.');
    }
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
    return this.#send(args, true);
  }

  /** A connection of one's own for commands that wait in the server, up to 2 s each. */
  reader(): RedisReader {
    const reader = new RedisReader(this.#options.url, () => this.#readers.delete(reader));
    this.#readers.add(reader);
    return reader;
  }

  /** Another for each start of the server. */
  async runId(): Promise<string> {
    return /^run_id:(\w+)/m.exec(String(await this.command('INFO', 'server')))?.[1] ?? '';
  }

  /**
   * What commands meet now. A write that found no room is told for some seconds only: without requests nothing would ever
   * show that there is room again.
   */
  health(): EngineHealth {
    if (!this.#link.isUsable) return { status: 'failed', reason: "Redis can't be reached" };
    if (this.#refusal !== undefined) return this.#refusal.health;
    return { status: 'ok', reason: null };
  }

  /** Commands under way end first; readers are cut off. */
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

  /** What meets it meets it again: the log writes some of the lines. */
  reportWrongType({ message, isOfOne }: WrongType): void {
    // What is everybody's matters more than what is one's, and is met at every turn.
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
  heard: boolean;
}

/** A connection on which commands wait. Its errors are `EngineUnavailable`, as everywhere; it connects when first used. */
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

  /** Strings come as bytes. */
  async commandBytes(...args: readonly Argument[]): Promise<unknown> {
    return this.#connected().send(args, true);
  }

  /**
   * Resolves when messages are heard from now on; one listener a channel.
   * @param onGap messages may have been missed: the connection was lost and is there again
   */
  async subscribe(channel: string, listener: (message: string) => void, onGap: () => void): Promise<void> {
    const subscription = { listener, onGap, heard: false };
    this.#subscriptions.set(channel, subscription);
    try {
      // A connection made meanwhile has it already; once more does nothing.
      await this.#connected().use((link) => link.subscribe(channel, listener));
      subscription.heard = true;
    } catch (error) {
      await this.unsubscribe(channel);
      throw error;
    }
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#subscriptions.delete(channel);
    // A connection that is lost has lost its subscriptions too.
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
      if (subscription.heard) subscription.onGap();
      subscription.heard = true;
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
  // A Redis without TLS says nothing to the beginning of a handshake: it waits for the end of the line.
  return url.startsWith('rediss:')
    ? `Redis can't be reached by TLS at ${host}: start it, or change REDIS_URL (redis:// where it speaks no TLS on this port).`
    : `Redis can't be reached at ${host}: start it, or change REDIS_URL.`;
}
