import type { Milliseconds } from '../../../core/time.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { asEngineError, isNotPrimary, isTransient } from './errors.ts';
import { type Argument, Link, type LinkOptions } from './link.ts';

/** For a connection that has just been lost, and for a server that says it can't right now: the end of a failover. */
const GRACE_MS: Milliseconds = 800;
const RETRY_PAUSE_MS: Milliseconds = 50;
/** Between tries to connect: doubled from the first to the last, and up to half as much again by chance. */
const FIRST_PAUSE_MS: Milliseconds = 50;
const LAST_PAUSE_MS: Milliseconds = 1_000;
/** A connection that lived longer was a good one: the next pause is short again. A younger one is not left for another. */
const STABLE_MS: Milliseconds = 1_000;

interface ReconnectingLinkOptions extends LinkOptions {
  /** What each new connection needs before commands use it. */
  readonly prepare?: (link: Link) => Promise<void>;
}

/** A connection that is made again for ever. Commands fail while it is not there, but for the first moment. */
export class ReconnectingLink {
  readonly #options: ReconnectingLinkOptions;
  #link: Link | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #openedAtMs = 0;
  #pause: NodeJS.Timeout | undefined;
  /** Commands wait for its end. */
  #grace = newGrace();
  #lastError: unknown;
  #closed = false;

  constructor(options: ReconnectingLinkOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** False as soon as commands fail. */
  get isUsable(): boolean {
    return this.#link !== undefined || !this.#grace.isOver;
  }

  /** Why there was no connection when it was last tried. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /**
   * Again only where nothing can have been done: not sent, or refused.
   * @throws EngineUnavailable when the server can't; what the command did is unknown then
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

  /** For what is no command. @throws EngineUnavailable when it has been gone for a while, or goes meanwhile */
  async use(act: (link: Link) => Promise<void>): Promise<void> {
    const link = this.#link ?? (await this.#next());
    try {
      await act(link);
    } catch (error) {
      throw asEngineError(error, this.#closed);
    }
  }

  /** Waits for what is under way, as long as the server lives. */
  async close(): Promise<void> {
    const link = this.#link;
    this.#end();
    await link?.retire();
  }

  /** What is under way rejects. */
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

  /** The address may lead to another server now. What is under way here ends first. */
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

/** Over when there is a connection again, or when it has been away too long. */
function newGrace() {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const patience = {
    over,
    isOver: false,
    end: () => {
      clearTimeout(timer);
      patience.isOver = true;
      resolve();
    },
  };
  const timer = setTimeout(patience.end, GRACE_MS).unref();
  return patience;
}
