import type { Milliseconds } from '../../../core/time.ts';
import type { ClaimedDelivery } from '../../../ports/record/delivery-queue.ts';

/** Approximate maximum payload of one request; a larger batch is sent at once. */
const MAX_CHARACTERS = 1024 * 1024;

/** The deliveries of one request, at least one. */
export type Deliveries = readonly [ClaimedDelivery, ...ClaimedDelivery[]];

/** Deliveries that will be sent in one request. */
interface OpenBatch {
  readonly deliveries: ClaimedDelivery[];
  readonly timer: NodeJS.Timeout;
  characters: number;
}

/**
 * Collects the deliveries of a batching lane. A batch is sent when it has `maxEvents`, or when its first delivery has
 * waited `maxWaitMs`. Deliveries that failed together are due at the same moment and are collected separately, so that
 * the same batch is sent again.
 */
export class BatchCollector {
  readonly #flush: (deliveries: Deliveries) => void;
  readonly #open = new Map<string, OpenBatch>();
  #size = 0;

  constructor(flush: (deliveries: Deliveries) => void) {
    this.#flush = flush;
  }

  get size(): number {
    return this.#size;
  }

  add(delivery: ClaimedDelivery, { maxEvents, maxWaitMs }: { maxEvents: number; maxWaitMs: Milliseconds }): void {
    const key = keyOf(delivery);
    let batch = this.#open.get(key);
    if (batch === undefined) {
      batch = { deliveries: [], timer: setTimeout(() => this.#end(key), maxWaitMs), characters: 0 };
      this.#open.set(key, batch);
    }
    batch.deliveries.push(delivery);
    batch.characters += delivery.event.data.length;
    this.#size++;
    const { deliveries, characters } = batch;
    // A retried batch fitted the first time.
    const isLarge = characters >= MAX_CHARACTERS && !isRetryGroup(key);
    if (deliveries.length >= maxEvents || isLarge) this.#end(key);
  }

  /** Sends retried batches: every due delivery was claimed, so no more of them will arrive. */
  flushRetries(): void {
    for (const key of [...this.#open.keys()]) if (isRetryGroup(key)) this.#end(key);
  }

  flush(): void {
    for (const key of [...this.#open.keys()]) this.#end(key);
  }

  #end(key: string): void {
    const batch = this.#open.get(key);
    if (batch === undefined) return;
    this.#open.delete(key);
    clearTimeout(batch.timer);
    this.#size -= batch.deliveries.length;
    const [first, ...rest] = batch.deliveries;
    if (first !== undefined) this.#flush([first, ...rest]);
  }
}

/** Groups deliveries by attempt number; retries by schedule also by due time. */
function keyOf({ attemptNumber, dueAt }: ClaimedDelivery): string {
  return attemptNumber === 1 ? '1' : `${attemptNumber} ${dueAt ?? 0}`;
}

function isRetryGroup(key: string): boolean {
  return key.includes(' ') && !key.endsWith(' 0');
}
