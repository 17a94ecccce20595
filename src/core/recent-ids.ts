const GENERATION = 2_000;

/** Remembers the last 2,000 to 4,000 ids, to recognize duplicates, which arrive close together. */
export class RecentIds {
  #current = new Set<string>();
  #previous = new Set<string>();

  has(id: string): boolean {
    return this.#current.has(id) || this.#previous.has(id);
  }

  add(id: string): void {
    if (this.#current.size >= GENERATION) {
      this.#previous = this.#current;
      this.#current = new Set();
    }
    this.#current.add(id);
  }
}
