import type { NewDelivery } from '../../core/delivery/delivery.ts';
import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import { FilteredEvent } from '../../core/filter/filter.ts';
import type { DeliveryId, EndpointId, IdSource, OrganizationId } from '../../core/ids.ts';
import type { FanOut } from '../../ports/record/fan-out.ts';
import { LoopTurns } from '../pacing/index.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import { EndpointsByType, type TypeSearch, type TypesOfList } from './endpoints-by-type.ts';

const NONE: readonly NewDelivery[] = [];

/** The second station: one delivery for every endpoint of the organization that wants the event. */
export function createFanOut(directory: EndpointDirectory, ids: IdSource): FanOut {
  const byType = new EndpointsByType();
  /** The last that takes turns, by organization; what comes after it waits for it, or it would get earlier ids. */
  const underWay = new Map<OrganizationId, Promise<unknown>>();

  function matching(
    endpoints: readonly Endpoint[],
    event: AcceptedEvent,
    newId: () => DeliveryId,
  ): readonly NewDelivery[] | Promise<readonly NewDelivery[]> {
    const types = byType.of(endpoints, directory.lineageOf(event.organizationId, endpoints));
    if (types.known(event)?.length === 0) return NONE;
    const search = new Matching(types, event);
    const before = underWay.get(event.organizationId);
    if (before === undefined && search.turn()) return search.deliveries(newId);
    const found = inTurns(search, before).then(() => search.deliveries(newId));
    const over: Promise<void> = found.then(
      () => leave(event.organizationId, over),
      () => leave(event.organizationId, over),
    );
    underWay.set(event.organizationId, over);
    return found;
  }

  function leave(organizationId: OrganizationId, over: Promise<unknown>): void {
    if (underWay.get(organizationId) === over) underWay.delete(organizationId);
  }

  const nextId = () => ids.next<DeliveryId>();
  return (event, newId = nextId) => {
    const endpoints = directory.of(event.organizationId);
    return endpoints instanceof Promise
      ? endpoints.then((loaded) => matching(loaded, event, newId))
      : matching(endpoints, event, newId);
  };
}

async function inTurns(search: Matching, before: Promise<unknown> | undefined): Promise<void> {
  await (before ?? search.turns.next());
  while (!search.turn()) await search.turns.next();
}

/**
 * Goes through the endpoints by the event's type, then by their filters. With 1,000 filters on an event of 256 KiB that took
 * 1.7 s.
 */
class Matching {
  readonly turns = new LoopTurns();
  readonly #types: TypesOfList;
  readonly #event: AcceptedEvent;
  readonly #filtered: FilteredEvent;
  readonly #wanting: Endpoint[] = [];
  readonly #faulty = new Set<EndpointId>();
  #search: TypeSearch | undefined;
  /** Undefined while their types are looked through. */
  #endpoints: readonly Endpoint[] | undefined;
  #next = 0;

  constructor(types: TypesOfList, event: AcceptedEvent) {
    this.#types = types;
    this.#event = event;
    this.#filtered = new FilteredEvent(event);
  }

  /** @returns whether it has been through all */
  turn(): boolean {
    const endpoints = this.#wantingType();
    if (endpoints === undefined) return false;
    const filtered = this.#filtered;
    while (this.#next < endpoints.length) {
      const endpoint = endpoints[this.#next++] as Endpoint;
      const before = filtered.steps;
      if (this.#isWanted(endpoint)) this.#wanting.push(endpoint);
      if (this.turns.isOver(filtered.steps - before)) break;
    }
    return this.#next === endpoints.length;
  }

  #wantingType(): readonly Endpoint[] | undefined {
    this.#endpoints ??= this.#types.known(this.#event);
    if (this.#endpoints !== undefined) return this.#endpoints;
    this.#search ??= this.#types.search(this.#event);
    this.#endpoints = this.#search.turn(this.turns);
    return this.#endpoints;
  }

  /** A filter that can't be evaluated is its endpoint's fault alone: the delivery is recorded as skipped. */
  #isWanted({ id, options: { filter } }: Endpoint): boolean {
    if (filter === null) return true;
    try {
      return this.#filtered.matches(filter);
    } catch {
      // Throws where it is the event that can't be read.
      this.#filtered.read();
      this.#faulty.add(id);
      return true;
    }
  }

  deliveries(newId: () => DeliveryId): readonly NewDelivery[] {
    return this.#wanting.map((endpoint) => ({
      id: newId(),
      endpointId: endpoint.id,
      status: endpoint.status === 'disabled' || this.#faulty.has(endpoint.id) ? 'skipped' : 'pending',
      orderingGroup: orderingGroup(endpoint, this.#event),
    }));
  }
}

/** What has a time of its own, or no key where keys make the order, goes beside it. No key is empty. */
export function orderingGroup({ options: { ordered } }: Endpoint, event: AcceptedEvent): string | null {
  if (ordered === false || event.deliverAt !== null) return null;
  return ordered === true ? '' : event.orderingKey;
}
