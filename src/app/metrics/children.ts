/** One metric for each set of labels, created at its first use. The library sorts and joins labels at each lookup. */
export class Children<Key, Child> {
  readonly #make: (key: Key) => Child;
  readonly #known = new Map<Key, Child>();

  constructor(make: (key: Key) => Child) {
    this.#make = make;
  }

  get(key: Key): Child {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = this.#make(key);
    this.#known.set(key, made);
    return made;
  }
}
