import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import { stepsOfPatterns } from '../../core/events/event-type.ts';
import { isOperational, wantsType } from '../../core/events/operational-event.ts';
import type { Turns } from '../pacing/index.ts';

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

  of(endpoints: readonly Endpoint[]): TypesOfList {
    let types = this.#lists.get(endpoints);
    if (types === undefined) {
      types = new TypesOfList(endpoints);
      this.#lists.set(endpoints, types);
    }
    return types;
  }
}

/** A search that goes on where it was. */
export interface TypeSearch {
  /** @returns undefined when it is others' turn; then to be asked again */
  turn(turns: Turns): readonly Endpoint[] | undefined;
}

/** An endpoint and its place in the list. */
interface Placed {
  readonly endpoint: Endpoint;
  readonly place: number;
}

const NOBODY: readonly Placed[] = [];

export class TypesOfList {
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

  /** In the order of the list; undefined when nobody has searched yet. */
  known(event: AcceptedEvent): readonly Endpoint[] | undefined {
    return this.#byType.get(nameOf(event));
  }

  /** In turns: 1,500 endpoints with 100 long patterns each held the event loop for 5 s. */
  search(event: AcceptedEvent): TypeSearch {
    const wanting: Placed[] = [];
    let next = 0;
    return {
      turn: (turns) => {
        while (next < this.#broad.length) {
          const placed = this.#broad[next++] as Placed;
          const { eventTypes } = placed.endpoint;
          if (wantsType(eventTypes, event)) wanting.push(placed);
          if (turns.isOver(stepsOfPatterns(eventTypes)) && next < this.#broad.length) return undefined;
        }
        return this.#keep(event, wanting);
      },
    };
  }

  #keep(event: AcceptedEvent, broad: readonly Placed[]): readonly Endpoint[] {
    const named = this.#byName.get(event.type) ?? NOBODY;
    const placed = broad.length === 0 ? named : [...named, ...broad].sort((one, other) => one.place - other.place);
    const found = placed.map(({ endpoint }) => endpoint);
    // Those who want everything share the one list.
    const wanting = found.length === this.#endpoints.length ? this.#endpoints : found;
    const cost = COST_OF_TYPE + (wanting === found ? found.length : 0);
    if (this.#kept + cost > MAX_KEPT) {
      this.#byType.clear();
      this.#kept = 0;
    }
    this.#kept += cost;
    this.#byType.set(nameOf(event), wanting);
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
}

/** What we tell of ourselves is wanted by name alone; no type has a space. */
function nameOf(event: AcceptedEvent): string {
  return isOperational(event) ? ` ${event.type}` : event.type;
}
