import type { NewDelivery } from '../core/delivery.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { AcceptedEvent } from '../core/event.ts';
import { FilteredEvent } from '../core/filter/filter.ts';
import type { DeliveryId, IdSource } from '../core/ids.ts';
import type { FanOut } from '../ports/fan-out.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import { whyNotWanted } from './trace.ts';

const NONE: readonly NewDelivery[] = [];

/** The second station: one delivery for every endpoint of the organization that wants the event. */
export function createFanOut(directory: EndpointDirectory, ids: IdSource): FanOut {
  function matching(
    endpoints: readonly Endpoint[],
    event: AcceptedEvent,
    newId: () => DeliveryId,
  ): readonly NewDelivery[] {
    if (endpoints.length === 0) return NONE;
    const filtered = new FilteredEvent(event);
    return endpoints
      .filter(
        (endpoint) =>
          whyNotWanted({ eventTypes: endpoint.eventTypes, filter: endpoint.options.filter }, event, filtered) === null,
      )
      .map((endpoint) => ({
        id: newId(),
        endpointId: endpoint.id,
        status: endpoint.status === 'disabled' ? 'skipped' : 'pending',
        orderGroup: orderGroup(endpoint, event),
      }));
  }

  const nextId = () => ids.next<DeliveryId>();
  return (event, newId = nextId) => {
    const endpoints = directory.of(event.organizationId);
    return endpoints instanceof Promise
      ? endpoints.then((loaded) => matching(loaded, event, newId))
      : matching(endpoints, event, newId);
  };
}

/** What has a time of its own, or no key where keys make the order, goes beside it. No key is empty. */
export function orderGroup({ options: { ordered } }: Endpoint, event: AcceptedEvent): string | null {
  if (ordered === false || event.deliverAt !== null) return null;
  return ordered === true ? '' : event.orderingKey;
}
