import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { ReplayParameters, RetryParameters } from '../../core/delivery/job.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import { matchesEventType } from '../../core/events/event-type.ts';
import { FilteredEvent } from '../../core/filter/filter.ts';
import { type DeliveryId, type EndpointId, type EventId, firstIdAt, type OrganizationId } from '../../core/ids.ts';
import { READ_PIECE_BYTES } from '../../core/limits.ts';
import { fillsPage } from '../../core/page-bytes.ts';
import { timestamp } from '../../core/time.ts';
import type { Store } from '../../ports/engine.ts';
import type { FoundDelivery, Redelivery } from '../../ports/record/redelivery.ts';
import { LoopTurns } from '../pacing/index.ts';

/** Deliveries per step: tens of milliseconds of the store. */
const STEP = 200;
/** Events per step, with payloads up to 256 KiB each; bounded by `READ_PIECE_BYTES` as well. */
const EVENT_STEP = 50;
/** Events per step where each is read through its delivery: at most 8 MB. */
const DELIVERY_EVENT_STEP = 32;

/** One part of a search's result. */
export interface FoundStep<Item> {
  readonly items: readonly Item[];
  /** Where the next step begins; null = the search is complete. */
  readonly place: string | null;
  readonly lookedAt: number;
}

/** Finds the deliveries or events of a job, in bounded steps, oldest first. */
export class Search {
  readonly #redelivery: Redelivery;
  readonly #store: Store;

  constructor(parts: { redelivery: Redelivery; store: Store }) {
    this.#redelivery = parts.redelivery;
    this.#store = parts.store;
  }

  /**
   * Finds deliveries to retry. Deliveries of removed or disabled endpoints are excluded: a retry would end as canceled
   * or skipped and hide the failure.
   */
  async deliveries(
    organizationId: OrganizationId,
    parameters: RetryParameters,
    place: string | null,
  ): Promise<FoundStep<FoundDelivery>> {
    const found = await this.#deliveries(organizationId, parameters, place);
    const wanted = [...new Set(found.items.map(({ endpointId }) => endpointId))];
    const ids = new Set((await this.endpoints(organizationId, wanted)).map(({ id }) => id));
    return { ...found, items: found.items.filter(({ endpointId }) => ids.has(endpointId)) };
  }

  async events(
    organizationId: OrganizationId,
    parameters: ReplayParameters,
    place: string | null,
  ): Promise<FoundStep<AcceptedEvent>> {
    const found =
      parameters.status === null
        ? await this.#eventsByTime(organizationId, parameters, place)
        : await this.#eventsByDelivery(organizationId, parameters, place);
    return { ...found, items: await matching(found.items, parameters) };
  }

  /** Returns the endpoints that belong to the organization and are not disabled. */
  async endpoints(organizationId: OrganizationId, ids: readonly EndpointId[]): Promise<readonly Endpoint[]> {
    const found = ids.length === 0 ? [] : await this.#store.endpoints.find(ids);
    return found
      .filter((endpoint) => endpoint !== undefined)
      .filter((endpoint) => endpoint.organizationId === organizationId && endpoint.status !== 'disabled');
  }

  /** Searches one status after the other: `place` is `<index of the status>:<after>`. */
  async #deliveries(
    organizationId: OrganizationId,
    query: RetryParameters,
    place: string | null,
    limit = STEP,
  ): Promise<FoundStep<FoundDelivery>> {
    const [which = '0', after = ''] = (place ?? '0:').split(':', 2);
    const at = Number(which);
    const status = query.statuses[at];
    if (status === undefined) return { items: [], place: null, lookedAt: 0 };
    const { endpointId, from, to, type } = query;
    const afterId = after === '' ? null : (after as DeliveryId);
    const range = { organizationId, status, endpointId, from, to, after: afterId, limit };
    const found = await this.#redelivery.find(range);
    const isLast = found.length < limit;
    const next = isLast ? `${at + 1}:` : `${at}:${found.at(-1)?.id ?? ''}`;
    return {
      items: type === null ? found : found.filter(({ eventType }) => matchesEventType(type, eventType)),
      place: isLast && at + 1 >= query.statuses.length ? null : next,
      lookedAt: found.length,
    };
  }

  async #eventsByDelivery(
    organizationId: OrganizationId,
    { status, type, from, to }: ReplayParameters,
    place: string | null,
  ): Promise<FoundStep<AcceptedEvent>> {
    const statuses = status === null ? [] : [status];
    const query = { statuses, endpointId: null, type, from, to };
    const found = await this.#deliveries(organizationId, query, place, DELIVERY_EVENT_STEP);
    const ids = [...new Set(found.items.map(({ eventId }) => eventId))];
    const events = await Promise.all(ids.map((id) => this.#store.events.get(organizationId, id)));
    return { ...found, items: events.filter((event) => event !== undefined) };
  }

  async #eventsByTime(
    organizationId: OrganizationId,
    { from, to }: ReplayParameters,
    place: string | null,
  ): Promise<FoundStep<AcceptedEvent>> {
    const after = (place ?? firstIdAt(from ?? timestamp(0))) as EventId;
    const found = await this.#store.events.after(organizationId, after, EVENT_STEP, READ_PIECE_BYTES);
    const beyond = to === null ? -1 : found.findIndex(({ createdAt }) => createdAt >= to);
    const items = beyond === -1 ? found : found.slice(0, beyond);
    const isEnd = found.length < EVENT_STEP && !fillsPage(found, READ_PIECE_BYTES);
    const isLast = isEnd || beyond !== -1;
    return { items, place: isLast ? null : (found.at(-1)?.id ?? null), lookedAt: items.length };
  }
}

async function matching(
  events: readonly AcceptedEvent[],
  { type, filter }: ReplayParameters,
): Promise<readonly AcceptedEvent[]> {
  const ofType = type === null ? events : events.filter((event) => matchesEventType(type, event.type));
  if (filter === null) return ofType;
  const turns = new LoopTurns();
  const found: AcceptedEvent[] = [];
  for (const event of ofType) {
    const filtered = new FilteredEvent(event);
    if (filtered.matches(filter)) found.push(event);
    if (turns.isOver(filtered.steps)) await turns.next();
  }
  return found;
}
