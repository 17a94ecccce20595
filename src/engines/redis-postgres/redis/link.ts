import { createClient, RESP_TYPES } from '@redis/client';
import type { Milliseconds } from '../../../core/time.ts';

export type Argument = string | Buffer;

const TICK_MS: Milliseconds = 250;
/** A connection on which nothing happens is asked for a sign of life this often. */
const PING_AFTER_TICKS = 4;
/** TCP, TLS, HELLO. */
const CONNECT_TIMEOUT_MS: Milliseconds = 2_000;

export interface LinkOptions {
  readonly url: string;
  /** An answer that takes longer is taken for none. */
  readonly silenceMs: Milliseconds;
}

/**
 * One connection from its beginning to its end: it is never mended, a new one takes its place. node-redis can mend its own,
 * but nothing of it ends a command that a silent server has been sent: its command timeout counts only until the sending,
 * and its socket timeout begins anew with everything that is written, so that under load it never came (measured: 240
 * commands in 5 s, none answered, none failed).
 */
export class Link {
  readonly #client: ReturnType<typeof newClient>;
  readonly #silentTicks: number;
  readonly #onLost: (link: Link, cause: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #inFlight = 0;
  /** Since the last answer. Ticks, not time: a process that was busy for long gets to read before its next tick. */
  #ticks = 0;
  #over = false;
  #onQuiet: (() => void) | undefined;

  /**
   * @param onLost called once when it is of no more use; not after `destroy`
   * @throws when there is no connection after two seconds
   */
  static async open(options: LinkOptions, onLost: (link: Link, cause: unknown) => void): Promise<Link> {
    const link = new Link(options, onLost);
    await link.#connect();
    return link;
  }

  private constructor({ url, silenceMs }: LinkOptions, onLost: (link: Link, cause: unknown) => void) {
    this.#silentTicks = Math.ceil(silenceMs / TICK_MS);
    this.#onLost = onLost;
    this.#client = newClient(url);
    // Without a listener a lost connection ends the process.
    this.#client.on('error', (cause) => this.#lose(cause));
  }

  async #connect(): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#client.destroy();
    }, CONNECT_TIMEOUT_MS);
    try {
      await this.#client.connect();
      if (late || this.#over) throw new Error('The connection to Redis was lost at once');
    } catch (error) {
      // A client that was destroyed while it connected may be open all the same.
      this.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** Commands of one turn of the loop go out together. */
  async send(args: readonly Argument[], bytes: boolean): Promise<unknown> {
    if (this.#inFlight++ === 0) this.#ticks = 0;
    try {
      return await this.#client.sendCommand<unknown>(args, bytes ? BYTES : undefined);
    } finally {
      this.#ticks = 0;
      if (--this.#inFlight === 0) this.#onQuiet?.();
    }
  }

  async subscribe(channel: string, listener: (message: string) => void): Promise<void> {
    await this.#client.subscribe(channel, listener);
  }

  async unsubscribe(channel: string): Promise<void> {
    await this.#client.unsubscribe(channel);
  }

  /** Ends it when what is under way is answered, or as soon as no answer is to be hoped for. */
  async retire(): Promise<void> {
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#onQuiet = resolve;
      });
    }
    this.destroy();
  }

  /** What is under way rejects. */
  destroy(): void {
    this.#over = true;
    clearInterval(this.#timer);
    this.#client.destroy();
  }

  #lose(cause: unknown): void {
    if (this.#over) return;
    this.destroy();
    this.#onLost(this, cause);
  }

  #tick(): void {
    this.#ticks++;
    if (this.#inFlight === 0) {
      if (this.#ticks >= PING_AFTER_TICKS) this.send(['PING'], false).catch(() => {});
    } else if (this.#ticks >= this.#silentTicks) {
      this.#lose(new Error('Redis is silent'));
    }
  }
}

const BYTES = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer } };

function newClient(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // The default is a timer for each command, which ends none that was sent.
    commandOptions: { timeout: 0 },
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false },
  });
}
