import { randomUUID } from 'node:crypto';
import { Listeners } from '../../../core/listeners.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { Bus, BusMessage } from '../../../ports/coordination/bus.ts';
import type { Redis, RedisReader } from '../redis/index.ts';

const RETRY_PAUSE_MS: Milliseconds = 250;

/**
 * Messages between processes over Redis' publish/subscribe. Messages are lost while the connection is; listeners are
 * notified of the gap.
 */
export class RedisBus implements Bus {
  readonly #redis: Redis;
  readonly #listeners = new Listeners<BusMessage>();
  readonly #gaps = new Listeners<void>();
  /** Identifies this process's own messages, which Redis returns and which listeners have handled already. */
  readonly #self = randomUUID();
  readonly #reader: RedisReader;
  #closing = false;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#reader = redis.reader();
    void this.#subscribe();
  }

  publish(message: BusMessage): Promise<void> {
    this.#listeners.call(message);
    return this.publishToOthers(message);
  }

  /** Publishes a message that this process has handled already. */
  async publishToOthers(message: BusMessage): Promise<void> {
    try {
      await this.#redis.command('PUBLISH', this.#channel, JSON.stringify({ from: this.#self, message }));
    } catch {
      // Other processes refresh by themselves within about a second.
    }
  }

  subscribe(listener: (message: BusMessage) => void): () => void {
    return this.#listeners.add(listener);
  }

  onMissed(listener: () => void): () => void {
    return this.#gaps.add(listener);
  }

  close(): void {
    this.#closing = true;
    this.#reader.close();
  }

  get #channel(): string {
    return this.#redis.key('bus');
  }

  async #subscribe(): Promise<void> {
    while (!this.#closing) {
      try {
        await this.#reader.subscribe(
          this.#channel,
          (text) => this.#receive(text),
          () => this.#gaps.call(),
        );
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS).unref());
      }
    }
  }

  #receive(text: string): void {
    const received = read(text);
    if (received !== undefined && received.from !== this.#self) this.#listeners.call(received.message);
  }
}

/** Decodes a message. A process of another version may send unknown kinds, which listeners ignore. */
function read(text: string): { readonly from: unknown; readonly message: BusMessage } | undefined {
  try {
    const { from, message } = JSON.parse(text);
    return typeof message?.kind === 'string' ? { from, message } : undefined;
  } catch {
    return undefined;
  }
}
