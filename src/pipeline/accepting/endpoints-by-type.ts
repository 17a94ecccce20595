import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import { stepsOfPatterns } from '../../core/events/event-type.ts';
import { isOperational, wantsType } from '../../core/events/operational-event.ts';
import type { LoopTurns } from '../pacing/index.ts';
import { TypeIndex } from './type-index.ts';

/** Endpoints kept for types, each counted as often as it is: 8 bytes. Beyond it all are forgotten and found anew. */
const MAX_KEPT = 100_000;
/** Types have a cost of their own. */
const COST_OF_TYPE = 10;
/** Changes of endpoints that found types are brought up to date with; older ones are found anew. */
const MAX_CHANGES = 500;

/**
 * Which of an organization's endpoints want a type, found once a type: with 10,000 endpoints, patterns were 4 ms of each event.
 * Kept as long as the list of endpoints is, and brought up to date where another list was made from it by a few changes.
 */
export class EndpointsByType {
  readonly #lists = new WeakMap<object, TypesOfList>();

  /** @param lineage the same for lists that were made from each other (`EndpointDirectory.lineageOf`) */
  of(endpoints: readonly Endpoint[], lineage: object = endpoints): TypesOfList {
    let types = this.#lists.get(lineage);
    if (types === undefined) {
      types = new TypesOfList(endpoints);
      this.#lists.set(lineage, types);
    } else types.become(endpoints);
    return types;
  }
}

/** A search that goes on where it was. */
export interface TypeSearch {
  /** @returns undefined when it is others' turn; then to be asked again */
  turn(turns: LoopTurns): readonly Endpoint[] | undefined;
}

/** What was found for a type, as of so many changes. */
interface Found {
  readonly wanting: readonly Endpoint[];
  readonly change: number;
  readonly cost: number;
}

interface Change {
  readonly added: readonly Endpoint[];
  readonly removed: readonly Endpoint[];
}

export class TypesOfList {
  #index: TypeIndex;
  readonly #byType = new Map<string, Found>();
  #kept = 0;
  /** The newest, the last of them last. */
  readonly #changes: Change[] = [];
  /** How many there were. */
  #change = 0;

  constructor(endpoints: readonly Endpoint[]) {
    this.#index = new TypeIndex(endpoints);
  }

  /** Goes on with a list in which a few are others. A search under way goes on with the list that it began with. */
  become(endpoints: readonly Endpoint[]): void {
    const before = this.#index.endpoints;
    if (endpoints === before) return;
    const [had, has] = [new Set(before), new Set(endpoints)];
    const added = endpoints.filter((endpoint) => !had.has(endpoint));
    const removed = before.filter((endpoint) => !has.has(endpoint));
    this.#index = this.#index.with(endpoints, added, removed);
    this.#change++;
    this.#changes.push({ added, removed });
    if (this.#changes.length > MAX_CHANGES) this.#changes.shift();
  }

  /** In the order of their ids; undefined when nobody has searched since the list changed. */
  known(event: AcceptedEvent): readonly Endpoint[] | undefined {
    const found = this.#byType.get(nameOf(event));
    return found?.change === this.#change ? found.wanting : undefined;
  }

  /** In turns: 1,500 endpoints with 100 long patterns each held the event loop for 5 s. */
  search(event: AcceptedEvent): TypeSearch {
    const index = this.#index;
    const change = this.#change;
    let begun = this.#since(this.#byType.get(nameOf(event))) ?? beginning(index, event);
    let next = 0;
    return {
      turn: (turns) => {
        if (begun === undefined && !index.build(turns)) return undefined;
        begun ??= beginning(index, event);
        const { wanting, toAsk } = begun ?? { wanting: [], toAsk: [] };
        while (next < toAsk.length) {
          const endpoint = toAsk[next++] as Endpoint;
          const { eventTypes } = endpoint;
          if (wantsType(eventTypes, event)) wanting.push(endpoint);
          if (turns.isOver(stepsOfPatterns(eventTypes)) && next < toAsk.length) return undefined;
        }
        return this.#keep(event, wanting, { endpoints: index.endpoints, change });
      },
    };
  }

  /** Of what was found those that still are; only who came since is to be asked. */
  #since(found: Found | undefined): Begun | undefined {
    const missed = found === undefined ? Number.POSITIVE_INFINITY : this.#change - found.change;
    if (found === undefined || missed > this.#changes.length) return undefined;
    const toAsk = new Set<Endpoint>();
    const removed = new Set<Endpoint>();
    for (const change of this.#changes.slice(this.#changes.length - missed)) {
      for (const endpoint of change.added) toAsk.add(endpoint);
      for (const endpoint of change.removed) {
        removed.add(endpoint);
        toAsk.delete(endpoint);
      }
    }
    return { wanting: found.wanting.filter((endpoint) => !removed.has(endpoint)), toAsk: [...toAsk] };
  }

  #keep(
    event: AcceptedEvent,
    found: Endpoint[],
    { endpoints, change }: { readonly endpoints: readonly Endpoint[]; readonly change: number },
  ): readonly Endpoint[] {
    found.sort((one, other) => (one.id < other.id ? -1 : 1));
    // Those who want everything share the one list.
    const wanting = found.length === endpoints.length ? endpoints : found;
    const cost = COST_OF_TYPE + (wanting === found ? found.length : 0);
    const name = nameOf(event);
    this.#kept -= this.#byType.get(name)?.cost ?? 0;
    this.#byType.delete(name);
    if (this.#kept + cost > MAX_KEPT) {
      this.#byType.clear();
      this.#kept = 0;
    }
    this.#kept += cost;
    this.#byType.set(name, { wanting, change, cost });
    return wanting;
  }
}

/** Who wants it for certain, and who is to be asked. */
interface Begun {
  readonly wanting: Endpoint[];
  readonly toAsk: readonly Endpoint[];
}

function beginning(index: TypeIndex, event: AcceptedEvent): Begun | undefined {
  return index.isReady ? { wanting: [...index.named(event.type)], toAsk: index.broad } : undefined;
}

/** What we tell of ourselves is wanted by name alone; no type has a space. */
function nameOf(event: AcceptedEvent): string {
  return isOperational(event) ? ` ${event.type}` : event.type;
}
