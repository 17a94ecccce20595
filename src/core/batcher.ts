interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Bounds of one call. */
export interface BatchBounds<Item> {
  readonly maxItems: number;
  /** Maximum weight of a call. A heavier item goes alone. */
  readonly maxWeight?: number;
  readonly weigh?: (item: Item) => number;
  /**
   * Whether the error may belong to a single item. The call is then repeated with halves of its items until only the
   * failing items reject (one of 500 items costs about 18 calls). Without this function every item of a failed call
   * rejects.
   */
  readonly isItemError?: (error: unknown) => boolean;
}

/**
 * Group commit for calls: items that arrive during a call go into the next one, as one array. Under light load an item
 * is sent at once; under heavy load the groups grow.
 */
export class Batcher<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #bounds: BatchBounds<Item>;
  #waiting: Waiting<Item, Result>[] = [];
  #running = false;
  #weight = 0;

  /** @param run returns one result per item, in order; for a rejection see `isItemError` */
  constructor(run: (items: readonly Item[]) => Promise<readonly Result[]>, bounds: BatchBounds<Item>) {
    this.#run = run;
    this.#bounds = bounds;
  }

  /** Total weight of waiting and running items. */
  get weight(): number {
    return this.#weight;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#weight += this.#weigh(item);
      if (this.#running) return;
      this.#running = true;
      // Deferred, so that items added in the same turn of the event loop go together.
      queueMicrotask(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      await this.#call(group);
      for (const { item } of group) this.#weight -= this.#weigh(item);
    }
    this.#running = false;
  }

  async #call(group: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#run(group.map(({ item }) => item));
      group.forEach((waiting, i) => {
        const result = results[i];
        if (result === undefined) waiting.reject(new Error('A batch returned fewer results than items'));
        else waiting.resolve(result);
      });
    } catch (error) {
      if (group.length > 1 && this.#bounds.isItemError?.(error) === true) {
        const half = Math.ceil(group.length / 2);
        await this.#call(group.slice(0, half));
        await this.#call(group.slice(half));
        return;
      }
      for (const { reject } of group) reject(error);
    }
  }

  #nextGroup(): Waiting<Item, Result>[] {
    const { maxItems, maxWeight = Number.POSITIVE_INFINITY } = this.#bounds;
    let weight = 0;
    let size = 0;
    for (const { item } of this.#waiting) {
      weight += this.#weigh(item);
      if (size === maxItems || (size > 0 && weight > maxWeight)) break;
      size++;
    }
    return this.#waiting.splice(0, size);
  }

  #weigh(item: Item): number {
    return this.#bounds.weigh?.(item) ?? 1;
  }
}
