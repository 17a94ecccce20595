/** One metric for each set of labels, found by one word: the library's own look-up sorts and joins labels every time. */
export class Children<Child> {
  readonly #make: (key: string) => Child;
  readonly #known = new Map<string, Child>();

  constructor(make: (key: string) => Child) {
    this.#make = make;
  }

  get(key: string): Child {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = this.#make(key);
    this.#known.set(key, made);
    return made;
  }
}
