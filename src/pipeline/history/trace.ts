import type { Inbox, InboxMessage } from '../../core/administration/inbox.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import { stepsOfPatterns, wantsEventType } from '../../core/events/event-type.ts';
import { wantsType } from '../../core/events/operational-event.ts';
import { FilteredEvent } from '../../core/filter/filter.ts';
import type { Store } from '../../ports/engine.ts';
import { LoopTurns } from '../pacing/index.ts';

/**
 * Why an endpoint or an inbox did not get an event: its types or its filter exclude the event, or it was created or
 * changed after the event.
 */
export type WhyNot = 'type' | 'filter' | 'created_later' | 'changed_later';

interface EndpointTrace {
  readonly endpointId: Endpoint['id'];
  /** Undefined when it was deleted since. */
  readonly endpoint: Endpoint | undefined;
  readonly whyNot: WhyNot | null;
  /** More than one after a replay. */
  readonly deliveries: readonly Delivery[];
}

interface InboxTrace {
  readonly name: string;
  /** Undefined when the inbox does not have the event. */
  readonly message: InboxMessage | undefined;
  readonly whyNot: WhyNot | null;
}

export interface Trace {
  readonly endpoints: readonly EndpointTrace[];
  readonly inboxes: readonly InboxTrace[];
}

/** Returns where an event went, and why other endpoints and inboxes did not get it. @param deliveries of the event */
export async function traceEvent(store: Store, event: AcceptedEvent, deliveries: readonly Delivery[]): Promise<Trace> {
  const { organizationId } = event;
  const [endpoints, inboxes] = await Promise.all([store.endpoints.all(organizationId), traceInboxes(store, event)]);
  const filtered = new FilteredEvent(event);
  const byEndpoint = Map.groupBy(deliveries, ({ endpointId }) => endpointId);
  const turns = new LoopTurns();
  const current: EndpointTrace[] = [];
  for (const endpoint of endpoints) {
    const own = byEndpoint.get(endpoint.id) ?? [];
    const before = filtered.steps;
    const whyNot = own.length > 0 ? null : whyNotSent(endpoint, event, filtered);
    current.push({ endpointId: endpoint.id, endpoint, whyNot, deliveries: own });
    if (turns.isOver(stepsOfPatterns(endpoint.eventTypes) + filtered.steps - before)) await turns.next();
  }
  const known = new Set(endpoints.map((endpoint) => endpoint.id));
  const deleted = [...byEndpoint].filter(([endpointId]) => !known.has(endpointId));
  return {
    endpoints: [
      ...current,
      ...deleted.map(([endpointId, own]) => ({ endpointId, endpoint: undefined, whyNot: null, deliveries: own })),
    ],
    inboxes,
  };
}

/** Returns why an endpoint with these types and this filter does not want an event; null when it does. */
export function whyNotWanted(
  { eventTypes, filter }: { eventTypes: Endpoint['eventTypes']; filter: Endpoint['options']['filter'] },
  event: AcceptedEvent,
  filtered: FilteredEvent,
): 'type' | 'filter' | null {
  if (!wantsType(eventTypes, event)) return 'type';
  return filter === null || filtered.matches(filter) ? null : 'filter';
}

function whyNotSent(endpoint: Endpoint, event: AcceptedEvent, filtered: FilteredEvent): WhyNot {
  const { eventTypes, options, createdAt } = endpoint;
  const notWanted = whyNotWanted({ eventTypes, filter: options.filter }, event, filtered);
  if (notWanted !== null) return notWanted;
  return createdAt >= event.createdAt ? 'created_later' : 'changed_later';
}

async function traceInboxes(store: Store, event: AcceptedEvent): Promise<InboxTrace[]> {
  const inboxes = await store.inboxes.all(event.organizationId);
  return Promise.all(
    inboxes.map(async (inbox) => {
      const message = await store.inboxes.find(inbox, event.id);
      return { name: inbox.name, message, whyNot: message === undefined ? whyNotKept(inbox, event) : null };
    }),
  );
}

function whyNotKept({ eventTypes, createdAt }: Inbox, event: AcceptedEvent): WhyNot {
  if (!wantsEventType(eventTypes, event.type)) return 'type';
  return createdAt > event.createdAt ? 'created_later' : 'changed_later';
}
