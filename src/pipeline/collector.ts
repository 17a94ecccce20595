import type { Milliseconds } from '../core/time.ts';
import type { TakenDelivery } from '../ports/delivery-queue.ts';

/** Payload in one request at most, about: a larger one is sent at once. */
const MAX_CHARACTERS = 1024 * 1024;

/** Gathers the deliveries of a lane into requests: full when so many are there, or when the first has waited so long. */
export class Collector {
  readonly #flush: (deliveries: readonly [TakenDelivery, ...TakenDelivery[]]) => void;
  #collected: TakenDelivery[] = [];
  #characters = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(flush: (deliveries: readonly [TakenDelivery, ...TakenDelivery[]]) => void) {
    this.#flush = flush;
  }

  get size(): number {
    return this.#collected.length;
  }

  add(delivery: TakenDelivery, { maxEvents, maxWaitMs }: { maxEvents: number; maxWaitMs: Milliseconds }): void {
    this.#collected.push(delivery);
    this.#characters += delivery.event.data.length;
    if (this.#collected.length >= maxEvents || this.#characters >= MAX_CHARACTERS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), maxWaitMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [first, ...rest] = this.#collected;
    this.#collected = [];
    this.#characters = 0;
    if (first !== undefined) this.#flush([first, ...rest]);
  }
}
