/** A set of listeners. An error in one listener is rethrown asynchronously and does not keep others from being called. */
export class Listeners<Value> {
  readonly #listeners = new Set<(value: Value) => void>();

  /** @returns a function that removes the listener */
  add(listener: (value: Value) => void): () => void {
    // Wrapped, so that the same function can be added twice.
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
