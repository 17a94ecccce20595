import type { Milliseconds } from '../../../core/time.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { asEngineError, isNotPrimary, isTransient } from './errors.ts';
import { type Argument, Link, type LinkOptions } from './link.ts';

/**
 * How long commands wait for a connection that was just lost, and retry on a server that refuses temporarily, as at the
 * end of a failover.
 */
const GRACE_MS: Milliseconds = 800;
const RETRY_PAUSE_MS: Milliseconds = 50;
/** Delay between connection attempts: doubled up to the last, plus up to half of it at random. */
const FIRST_PAUSE_MS: Milliseconds = 50;
const LAST_PAUSE_MS: Milliseconds = 1_000;
/** A connection that lived this long was stable: the next delay is short again. A younger one is not replaced. */
const STABLE_MS: Milliseconds = 1_000;

interface ReconnectingLinkOptions extends LinkOptions {
  /** Runs on each new connection before commands use it. */
  readonly prepare?: (link: Link) => Promise<void>;
}

/**
 * A connection that reconnects forever. While it is lost, commands wait for `GRACE_MS` and then fail.
 *
 * States: connecting ──► connected ──lost, or server is not the primary──► connecting; connecting ──attempt failed──►
 * waiting (50 ms to 1 s) ──► connecting; any ──close──► closed
 */
export class ReconnectingLink {
  readonly #options: ReconnectingLinkOptions;
  #link: Link | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #openedAtMs = 0;
  #pause: NodeJS.Timeout | undefined;
  /** Commands wait until it ends. */
  #grace = newGrace();
  #lastError: unknown;
  #closed = false;

  constructor(options: ReconnectingLinkOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** False while commands fail. */
  get isUsable(): boolean {
    return this.#link !== undefined || !this.#grace.isOver;
  }

  /** The error of the last connection attempt. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /**
   * Sends a command. Repeats it only when it certainly had no effect: not sent, or refused.
   * @throws EngineUnavailable; the command's effect is unknown then
   */
  async send(args: readonly Argument[], bytes = false): Promise<unknown> {
    const until = performance.now() + GRACE_MS;
    while (true) {
      const link = this.#link ?? (await this.#next());
      try {
        return await link.send(args, bytes);
      } catch (error) {
        if (isNotPrimary(error)) this.#leave(link);
        if (!isTransient(error) || performance.now() > until) throw asEngineError(error, this.#closed, args);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
    }
  }

  /** Runs an action other than a command on the connection. @throws EngineUnavailable when the connection is lost */
  async use(act: (link: Link) => Promise<void>): Promise<void> {
    const link = this.#link ?? (await this.#next());
    try {
      await act(link);
    } catch (error) {
      throw asEngineError(error, this.#closed);
    }
  }

  /** Closes after running commands are answered, as long as the server lives. */
  async close(): Promise<void> {
    const link = this.#link;
    this.#end();
    await link?.retire();
  }

  /** Closes at once; running commands reject. */
  destroy(): void {
    const link = this.#link;
    this.#end();
    link?.destroy();
  }

  get #ageMs(): Milliseconds {
    return performance.now() - this.#openedAtMs;
  }

  #end(): void {
    this.#closed = true;
    this.#link = undefined;
    clearTimeout(this.#pause);
    this.#grace.end();
  }

  async #next(): Promise<Link> {
    await this.#grace.over;
    if (this.#link !== undefined) return this.#link;
    throw this.#closed
      ? new EngineUnavailable('closing', 'The engine is closing')
      : new EngineUnavailable('unreachable', "Redis can't be reached");
  }

  async #connect(): Promise<void> {
    let link: Link | undefined;
    try {
      link = await Link.open(this.#options, (lost, cause) => this.#lost(lost, cause));
      await this.#options.prepare?.(link);
      if (this.#closed) return link.destroy();
      this.#link = link;
      this.#openedAtMs = performance.now();
      this.#grace.end();
    } catch (error) {
      link?.destroy();
      this.#lastError = error;
      this.#connectLater();
    }
  }

  #connectLater(): void {
    if (this.#closed) return;
    this.#pause = setTimeout(() => void this.#connect(), this.#pauseMs * (1 + Math.random() / 2));
    this.#pauseMs = Math.min(this.#pauseMs * 2, LAST_PAUSE_MS);
  }

  #lost(link: Link, cause: unknown): void {
    if (this.#link === link) this.#replace(cause);
  }

  /**
   * Replaces a connection to a server that is not the primary: the address may lead to another server now. Running
   * commands end first.
   */
  #leave(link: Link): void {
    if (this.#link !== link || this.#ageMs < STABLE_MS) return;
    this.#replace(undefined);
    void link.retire();
  }

  #replace(cause: unknown): void {
    this.#link = undefined;
    this.#lastError = cause;
    this.#grace = newGrace();
    if (this.#ageMs >= STABLE_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#connectLater();
  }
}

/** Ends when there is a connection again, or after `GRACE_MS`. */
function newGrace() {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const grace = {
    over,
    isOver: false,
    end: () => {
      clearTimeout(timer);
      grace.isOver = true;
      resolve();
    },
  };
  const timer = setTimeout(grace.end, GRACE_MS).unref();
  return grace;
}
