interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit for calls: what arrives while a call is under way goes into the next one, as one array. Under light load
 * an item goes out at once; under heavy load the groups grow by themselves.
 */
export class Batcher<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #maxItems: number;
  #waiting: Waiting<Item, Result>[] = [];
  #running = false;

  /** @param run answers in the order of the items; when it rejects, every item of that call rejects */
  constructor(run: (items: readonly Item[]) => Promise<readonly Result[]>, maxItems: number) {
    this.#run = run;
    this.#maxItems = maxItems;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#maxItems);
      try {
        const results = await this.#run(group.map(({ item }) => item));
        group.forEach((waiting, i) => {
          const result = results[i];
          if (result === undefined) waiting.reject(new Error('a batch answered fewer results than items'));
          else waiting.resolve(result);
        });
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = false;
  }
}
