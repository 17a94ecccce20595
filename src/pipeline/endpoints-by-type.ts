import type { Endpoint } from '../core/endpoint.ts';
import type { AcceptedEvent } from '../core/event.ts';
import { isOperational, wantsType } from '../core/operational-event.ts';

/** Endpoints kept for types, each counted as often as it is: 8 bytes. Beyond it all are forgotten and found anew. */
const MAX_KEPT = 100_000;
/** Types have a cost of their own. */
const COST_OF_TYPE = 10;

/**
 * Which of an organization's endpoints want a type, found once a type: with 10,000 endpoints, patterns were 4 ms of each event.
 * Kept as long as the list of endpoints is: a change makes another list.
 */
export class EndpointsByType {
  readonly #lists = new WeakMap<readonly Endpoint[], TypesOfList>();

  /** In the order of the list. */
  of(endpoints: readonly Endpoint[], event: AcceptedEvent): readonly Endpoint[] {
    let types = this.#lists.get(endpoints);
    if (types === undefined) {
      types = new TypesOfList(endpoints);
      this.#lists.set(endpoints, types);
    }
    return types.of(event);
  }
}

/** An endpoint and its place in the list. */
interface Placed {
  readonly endpoint: Endpoint;
  readonly place: number;
}

const NOBODY: readonly Placed[] = [];

class TypesOfList {
  readonly #endpoints: readonly Endpoint[];
  /** Those that name types and nothing else, by each of them: most endpoints, of which a new type need not ask any other. */
  readonly #byName = new Map<string, Placed[]>();
  /** Those that want everything, or what a pattern says. */
  readonly #broad: Placed[] = [];
  readonly #byType = new Map<string, readonly Endpoint[]>();
  #kept = 0;

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
    for (const [place, endpoint] of endpoints.entries()) this.#add({ endpoint, place });
  }

  of(event: AcceptedEvent): readonly Endpoint[] {
    // What we tell of ourselves is wanted by name alone; no type has a space.
    const type = isOperational(event) ? ` ${event.type}` : event.type;
    const known = this.#byType.get(type);
    if (known !== undefined) return known;
    const found = this.#find(event);
    // Those who want everything share the one list.
    const wanting = found.length === this.#endpoints.length ? this.#endpoints : found;
    const cost = COST_OF_TYPE + (wanting === found ? found.length : 0);
    if (this.#kept + cost > MAX_KEPT) {
      this.#byType.clear();
      this.#kept = 0;
    }
    this.#kept += cost;
    this.#byType.set(type, wanting);
    return wanting;
  }

  #add(placed: Placed): void {
    const names = new Set(placed.endpoint.eventTypes);
    if (names.size === 0 || [...names].some((name) => name.includes('*'))) {
      this.#broad.push(placed);
      return;
    }
    for (const name of names) {
      const others = this.#byName.get(name);
      if (others === undefined) this.#byName.set(name, [placed]);
      else others.push(placed);
    }
  }

  #find(event: AcceptedEvent): Endpoint[] {
    const named = this.#byName.get(event.type) ?? NOBODY;
    const broad = this.#broad.filter(({ endpoint }) => wantsType(endpoint.eventTypes, event));
    const found = broad.length === 0 ? named : [...named, ...broad].sort((one, other) => one.place - other.place);
    return found.map(({ endpoint }) => endpoint);
  }
}
