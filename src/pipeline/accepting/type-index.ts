import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { LoopTurns } from '../pacing/index.ts';

/**
 * Endpoints by exact type name. An array is replaced, never changed, because a running search keeps the array that it
 * started with.
 */
type ByName = Map<string, readonly Endpoint[]>;

const NO_ENDPOINTS: readonly Endpoint[] = [];

/**
 * An organization's endpoints indexed by exact type name. Most endpoints list plain names only, so a new type is found
 * by lookup; only endpoints with patterns are tested.
 */
export class TypeIndex {
  readonly endpoints: readonly Endpoint[];
  readonly #byName: ByName;
  #broad: readonly Endpoint[];
  /** Number of endpoints indexed so far. */
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

  /** Endpoints that want every type or use patterns. */
  get broad(): readonly Endpoint[] {
    return this.#broad;
  }

  named(type: string): readonly Endpoint[] {
    return this.#byName.get(type) ?? NO_ENDPOINTS;
  }

  /** Continues to build the index. @returns whether it is complete; otherwise the caller yields to the event loop */
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

  /**
   * Returns the index of a changed list. It takes over this index's maps: afterwards only running searches may use this
   * one.
   */
  with(endpoints: readonly Endpoint[], added: readonly Endpoint[], removed: readonly Endpoint[]): TypeIndex {
    if (!this.isReady) return new TypeIndex(endpoints);
    const gone = new Set(removed);
    for (const name of new Set(removed.flatMap((endpoint) => [...(namesOf(endpoint) ?? [])]))) {
      const remaining = this.named(name).filter((endpoint) => !gone.has(endpoint));
      if (remaining.length === 0) this.#byName.delete(name);
      else this.#byName.set(name, remaining);
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

/** Changes an array in place; allowed only while the index is being built. */
function appendTo(byName: ByName, name: string, endpoint: Endpoint): void {
  const endpoints = byName.get(name) as Endpoint[] | undefined;
  if (endpoints === undefined) byName.set(name, [endpoint]);
  else endpoints.push(endpoint);
}

/** Null when the endpoint wants all types or uses patterns. */
function namesOf({ eventTypes }: Endpoint): ReadonlySet<string> | null {
  if (eventTypes.length === 0 || eventTypes.some((name) => name.includes('*'))) return null;
  return new Set(eventTypes);
}
