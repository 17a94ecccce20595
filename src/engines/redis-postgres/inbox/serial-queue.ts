/** One after the other, for each key. */
export class SerialQueue<Key> {
  readonly #last = new Map<Key, Promise<void>>();

  /** Runs `work` when all that came before it for the same key has ended, well or not. */
  run<Result>(key: Key, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key);
    const result = before === undefined ? work() : before.then(work);
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
