import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import { stepsOfPatterns } from '../../core/events/event-type.ts';
import { isOperational, wantsType } from '../../core/events/operational-event.ts';
import type { LoopTurns } from '../pacing/index.ts';
import { TypeIndex } from './type-index.ts';

/** Cached references to endpoints (8 bytes each), counted once per type. Above this bound the cache is cleared. */
const MAX_CACHED_ENDPOINTS = 100_000;
/** Cost of one cached type, in references. */
const COST_OF_TYPE = 10;
/** Changes that are kept to update cached results; a result older than the oldest kept change is computed again. */
const MAX_CHANGES = 500;

/**
 * Caches which of an organization's endpoints subscribe to an event type: with 10,000 endpoints, matching patterns took
 * 4 ms per event. The cache lives as long as the list of endpoints and is updated when a few changes produce a new
 * list.
 */
export class EndpointsByType {
  readonly #byLineage = new WeakMap<object, TypesOfList>();

  /** @param lineage identity shared by lists derived from each other (`EndpointDirectory.lineageOf`) */
  of(endpoints: readonly Endpoint[], lineage: object = endpoints): TypesOfList {
    let types = this.#byLineage.get(lineage);
    if (types === undefined) {
      types = new TypesOfList(endpoints);
      this.#byLineage.set(lineage, types);
    } else types.update(endpoints);
    return types;
  }
}

/** A resumable search. */
export interface TypeSearch {
  /** @returns undefined when the search must yield to the event loop; call again to continue */
  advance(turns: LoopTurns): readonly Endpoint[] | undefined;
}

/** The cached result for one type, with the number of the change that it includes. */
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
  #cachedCost = 0;
  /** The latest changes, oldest first. */
  readonly #changes: Change[] = [];
  /** Number of changes so far. */
  #change = 0;

  constructor(endpoints: readonly Endpoint[]) {
    this.#index = new TypeIndex(endpoints);
  }

  /** Switches to a list that differs in a few endpoints. A running search continues with the list that it started on. */
  update(endpoints: readonly Endpoint[]): void {
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

  /** Returns the cached result in id order, or undefined when the type was not searched since the last change. */
  known(event: AcceptedEvent): readonly Endpoint[] | undefined {
    const found = this.#byType.get(nameOf(event));
    return found?.change === this.#change ? found.wanting : undefined;
  }

  /** Starts a search that yields to the event loop: 1,500 endpoints with 100 long patterns each blocked the loop for 5 s. */
  search(event: AcceptedEvent): TypeSearch {
    const index = this.#index;
    const change = this.#change;
    let state = this.#resume(this.#byType.get(nameOf(event))) ?? initialState(index, event);
    let next = 0;
    return {
      advance: (turns) => {
        if (state === undefined && !index.build(turns)) return undefined;
        state ??= initialState(index, event);
        const { wanting, candidates } = state ?? { wanting: [], candidates: [] };
        while (next < candidates.length) {
          const endpoint = candidates[next++] as Endpoint;
          const { eventTypes } = endpoint;
          if (wantsType(eventTypes, event)) wanting.push(endpoint);
          if (turns.isOver(stepsOfPatterns(eventTypes)) && next < candidates.length) return undefined;
        }
        return this.#remember(event, wanting, { endpoints: index.endpoints, change });
      },
    };
  }

  /** Resumes from a cached result: keeps the endpoints that still exist, and tests only endpoints added since. */
  #resume(found: Found | undefined): SearchState | undefined {
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
    return { wanting: found.wanting.filter((endpoint) => !removed.has(endpoint)), candidates: [...toAsk] };
  }

  #remember(
    event: AcceptedEvent,
    found: Endpoint[],
    { endpoints, change }: { readonly endpoints: readonly Endpoint[]; readonly change: number },
  ): readonly Endpoint[] {
    found.sort((one, other) => (one.id < other.id ? -1 : 1));
    // A type that every endpoint wants shares the list itself.
    const wanting = found.length === endpoints.length ? endpoints : found;
    const cost = COST_OF_TYPE + (wanting === found ? found.length : 0);
    const name = nameOf(event);
    this.#cachedCost -= this.#byType.get(name)?.cost ?? 0;
    this.#byType.delete(name);
    if (this.#cachedCost + cost > MAX_CACHED_ENDPOINTS) {
      this.#byType.clear();
      this.#cachedCost = 0;
    }
    this.#cachedCost += cost;
    this.#byType.set(name, { wanting, change, cost });
    return wanting;
  }
}

/** Endpoints known to want the event, and endpoints whose patterns must still be tested. */
interface SearchState {
  readonly wanting: Endpoint[];
  readonly candidates: readonly Endpoint[];
}

function initialState(index: TypeIndex, event: AcceptedEvent): SearchState | undefined {
  return index.isReady ? { wanting: [...index.named(event.type)], candidates: index.broad } : undefined;
}

/** Operational events match by exact name only, so they get a key of their own; no client type contains a space. */
function nameOf(event: AcceptedEvent): string {
  return isOperational(event) ? ` ${event.type}` : event.type;
}
