import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { LoopTurns } from '../pacing/index.ts';

/** Those that want one name: an array that is replaced, never changed, for a search goes on with the one it has. */
type ByName = Map<string, readonly Endpoint[]>;

const NOBODY: readonly Endpoint[] = [];

/** An organization's endpoints by what they name: most name types and nothing else, and a new type need not ask any of them. */
export class TypeIndex {
  readonly endpoints: readonly Endpoint[];
  readonly #byName: ByName;
  #broad: readonly Endpoint[];
  /** How many are in it. */
  #built: number;

  constructor(endpoints: readonly Endpoint[], from?: { readonly byName: ByName; readonly broad: readonly Endpoint[] }) {
    this.endpoints = endpoints;
    this.#byName = from?.byName ?? new Map();
    this.#broad = from?.broad ?? [];
    this.#built = from === undefined ? 0 : endpoints.length;
  }

  get isReady(): boolean {
    return this.#built === this.endpoints.length;
  }

  /** Those that want everything, or what a pattern says. */
  get broad(): readonly Endpoint[] {
    return this.#broad;
  }

  named(type: string): readonly Endpoint[] {
    return this.#byName.get(type) ?? NOBODY;
  }

  /** Goes on with putting all of them in. @returns whether it is ready; else it is others' turn */
  build(turns: LoopTurns): boolean {
    const broad = [...this.#broad];
    for (let isOver = false; !this.isReady && !isOver; ) {
      const endpoint = this.endpoints[this.#built++] as Endpoint;
      const names = namesOf(endpoint);
      if (names === null) broad.push(endpoint);
      else for (const name of names) appendTo(this.#byName, name, endpoint);
      isOver = turns.isOver(1 + endpoint.eventTypes.length);
    }
    this.#broad = broad;
    return this.isReady;
  }

  /** The index of another list. This one's names are the other's from here on: only searches that have begun may go on with it. */
  with(endpoints: readonly Endpoint[], added: readonly Endpoint[], removed: readonly Endpoint[]): TypeIndex {
    if (!this.isReady) return new TypeIndex(endpoints);
    const gone = new Set(removed);
    for (const name of new Set(removed.flatMap((endpoint) => [...(namesOf(endpoint) ?? [])]))) {
      const left = this.named(name).filter((endpoint) => !gone.has(endpoint));
      if (left.length === 0) this.#byName.delete(name);
      else this.#byName.set(name, left);
    }
    const broad = this.#broad.filter((endpoint) => !gone.has(endpoint));
    for (const endpoint of added) {
      const names = namesOf(endpoint);
      if (names === null) broad.push(endpoint);
      else for (const name of names) this.#byName.set(name, [...this.named(name), endpoint]);
    }
    return new TypeIndex(endpoints, { byName: this.#byName, broad });
  }
}

/** Only while nobody has it yet. */
function appendTo(byName: ByName, name: string, endpoint: Endpoint): void {
  const others = byName.get(name) as Endpoint[] | undefined;
  if (others === undefined) byName.set(name, [endpoint]);
  else others.push(endpoint);
}

/** Null = it is not by names alone. */
function namesOf({ eventTypes }: Endpoint): ReadonlySet<string> | null {
  if (eventTypes.length === 0 || eventTypes.some((name) => name.includes('*'))) return null;
  return new Set(eventTypes);
}
