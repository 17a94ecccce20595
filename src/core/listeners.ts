/** Functions to call when something happens. One that throws is its own fault and doesn't keep the others from it. */
export class Listeners<Value> {
  readonly #listeners = new Set<(value: Value) => void>();

  /** @returns a function that ends it */
  add(listener: (value: Value) => void): () => void {
    // A wrapper of its own, so that the same function added twice is there twice.
    const own = (value: Value) => listener(value);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  call(value: Value): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
