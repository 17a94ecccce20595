import type { AcceptedEvent } from '../../../core/events/event.ts';
import { toIso } from '../../../core/time.ts';
import type { Trace } from '../../../pipeline/history/index.ts';
import { deliverySummary, type Wire } from '../views/index.ts';

/**
 * The trace of an event: for every endpoint and inbox, whether it got the event, and why not.
 * @param maySeeUrls false hides URLs, which may contain secrets of receivers
 */
export function traceView(event: AcceptedEvent, { endpoints, inboxes }: Trace, maySeeUrls: boolean): Wire.Trace {
  return {
    event: {
      id: event.id,
      type: event.type,
      created_at: toIso(event.createdAt),
      deliver_at: event.deliverAt === null ? null : toIso(event.deliverAt),
    },
    endpoints: endpoints.map(({ endpointId, endpoint, whyNot, deliveries }) => ({
      endpoint_id: endpointId,
      url: maySeeUrls ? (endpoint?.url ?? null) : null,
      status: endpoint?.status ?? 'deleted',
      matched: whyNot === null,
      reason: whyNot,
      deliveries: deliveries.map(deliverySummary),
    })),
    inboxes: inboxes.map(({ name, message, whyNot }) => ({
      name,
      matched: message !== undefined,
      reason: whyNot,
      status: message?.status ?? null,
      lease_count: message?.leaseCount ?? null,
    })),
  };
}
