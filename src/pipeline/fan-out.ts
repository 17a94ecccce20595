import type { NewDelivery } from '../core/delivery.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { AcceptedEvent } from '../core/event.ts';
import { wantsEventType } from '../core/event-type.ts';
import type { DeliveryId, IdSource } from '../core/ids.ts';
import type { FanOut } from '../ports/fan-out.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';

const NONE: readonly NewDelivery[] = [];

/** The second station: one delivery for every endpoint of the organization that wants the event. */
export function createFanOut(directory: EndpointDirectory, ids: IdSource): FanOut {
  function matching(endpoints: readonly Endpoint[], event: AcceptedEvent): readonly NewDelivery[] {
    if (endpoints.length === 0) return NONE;
    return endpoints
      .filter((endpoint) => wantsEventType(endpoint.eventTypes, event.type))
      .map((endpoint) => ({
        id: ids.next<DeliveryId>(),
        endpointId: endpoint.id,
        status: endpoint.status === 'disabled' ? 'skipped' : 'pending',
      }));
  }

  return (event) => {
    const endpoints = directory.of(event.organizationId);
    return endpoints instanceof Promise
      ? endpoints.then((loaded) => matching(loaded, event))
      : matching(endpoints, event);
  };
}
