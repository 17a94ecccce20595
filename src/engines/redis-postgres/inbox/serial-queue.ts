/** Runs work one after the other, for each key. */
export class SerialQueue<Key> {
  readonly #last = new Map<Key, Promise<void>>();

  /** Runs `work` when all earlier work of the same key has ended, successfully or not. */
  run<Result>(key: Key, work: () => Promise<Result>): Promise<Result> {
    const previous = this.#last.get(key);
    const result = previous === undefined ? work() : previous.then(work);
    const ended = result.then(
      () => {},
      () => {},
    );
    this.#last.set(key, ended);
    void ended.then(() => {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    });
    return result;
  }
}
