import type { Milliseconds } from '../../../core/time.ts';
import type { ClaimedDelivery } from '../../../ports/record/delivery-queue.ts';

/** Payload in one request at most, about: a larger one is sent at once. */
const MAX_CHARACTERS = 1024 * 1024;

type Deliveries = readonly [ClaimedDelivery, ...ClaimedDelivery[]];

/** What becomes one request. */
interface Gathering {
  readonly deliveries: ClaimedDelivery[];
  readonly timer: NodeJS.Timeout;
  characters: number;
}

/**
 * Gathers the deliveries of a lane into requests: full when so many are there, or when the first has waited so long. What
 * failed together is due again at the same moment, and is gathered apart from all else: it goes out together again.
 */
export class BatchCollector {
  readonly #flush: (deliveries: Deliveries) => void;
  readonly #gatherings = new Map<string, Gathering>();
  #size = 0;

  constructor(flush: (deliveries: Deliveries) => void) {
    this.#flush = flush;
  }

  get size(): number {
    return this.#size;
  }

  add(delivery: ClaimedDelivery, { maxEvents, maxWaitMs }: { maxEvents: number; maxWaitMs: Milliseconds }): void {
    const key = keyOf(delivery);
    let gathering = this.#gatherings.get(key);
    if (gathering === undefined) {
      gathering = { deliveries: [], timer: setTimeout(() => this.#end(key), maxWaitMs), characters: 0 };
      this.#gatherings.set(key, gathering);
    }
    gathering.deliveries.push(delivery);
    gathering.characters += delivery.event.data.length;
    this.#size++;
    const { deliveries, characters } = gathering;
    // What went out together fitted then.
    const isLarge = characters >= MAX_CHARACTERS && !isTogether(key);
    if (deliveries.length >= maxEvents || isLarge) this.#end(key);
  }

  /** Everything that is due was taken: no more will come of what failed together. */
  flushRetries(): void {
    for (const key of [...this.#gatherings.keys()]) if (isTogether(key)) this.#end(key);
  }

  flush(): void {
    for (const key of [...this.#gatherings.keys()]) this.#end(key);
  }

  #end(key: string): void {
    const gathering = this.#gatherings.get(key);
    if (gathering === undefined) return;
    this.#gatherings.delete(key);
    clearTimeout(gathering.timer);
    this.#size -= gathering.deliveries.length;
    const [first, ...rest] = gathering.deliveries;
    if (first !== undefined) this.#flush([first, ...rest]);
  }
}

/** The attempt's number, and for retries by the schedule when they were due. */
function keyOf({ attemptNumber, dueAt }: ClaimedDelivery): string {
  return attemptNumber === 1 ? '1' : `${attemptNumber} ${dueAt ?? 0}`;
}

function isTogether(key: string): boolean {
  return key.includes(' ') && !key.endsWith(' 0');
}
