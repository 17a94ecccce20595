import { createHash } from 'node:crypto';
import type { DeliveryStatus } from '../../core/delivery/delivery.ts';
import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { Job } from '../../core/delivery/job.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import { type DeliveryId, idAt } from '../../core/ids.ts';
import { timestamp } from '../../core/time.ts';
import type { AddedDelivery, Redelivery } from '../../ports/record/redelivery.ts';
import { orderingGroup } from '../accepting/index.ts';
import type { Search } from './search.ts';

/** The result of one step. */
export interface JobStep {
  readonly place: string | null;
  readonly lookedAt: number;
  readonly made: number;
}

/**
 * Makes one bounded step. Idempotent: a repeated step finds deliveries that have left their status, or that exist
 * already.
 */
export async function jobStep(job: Job, parts: { search: Search; redelivery: Redelivery }): Promise<JobStep> {
  const { search, redelivery } = parts;
  const { organizationId } = job;
  if (job.kind === 'retry') {
    const { items, place, lookedAt } = await search.deliveries(organizationId, job.parameters, job.place);
    const ids = items.map(({ id }) => id);
    const { statuses } = job.parameters;
    if (statuses.every(isWaiting)) return { place, lookedAt, made: await redelivery.scheduleNow(organizationId, ids) };
    const made = ids.length === 0 ? 0 : await redelivery.retry(organizationId, ids, statuses);
    return { place, lookedAt, made };
  }
  const { items, place, lookedAt } = await search.events(organizationId, job.parameters, job.place);
  const endpoints = await search.endpoints(organizationId, job.parameters.endpointIds);
  const added = items.flatMap((event, at) => endpoints.map((endpoint) => replayOf(event, endpoint, idOf(job, at))));
  const made = added.length === 0 ? 0 : await redelivery.add(added);
  return { place, lookedAt, made };
}

/** Whether deliveries in this status are sent anyway; a retry only sends them sooner. */
export function isWaiting(status: DeliveryStatus): boolean {
  return status === 'pending' || status === 'retrying';
}

/** @param makeId makes the delivery's id from a text that is unique within the job */
export function replayOf(
  event: AcceptedEvent,
  endpoint: Endpoint,
  makeId: (unique: string) => DeliveryId,
): AddedDelivery {
  return {
    id: makeId(`${event.id} ${endpoint.id}`),
    organizationId: event.organizationId,
    eventId: event.id,
    eventType: event.type,
    endpointId: endpoint.id,
    orderingGroup: orderingGroup(endpoint, event),
    dueAt: timestamp(0),
  };
}

/** Deterministic ids, in the order of the events: a repeated step makes the same ones. */
function idOf({ id, createdAt, lookedAt }: Job, at: number): (unique: string) => DeliveryId {
  return (unique) => {
    const random = createHash('sha256').update(`${id} ${unique}`).digest();
    return idAt({ ms: createdAt + lookedAt + at, number: 0 }, random);
  };
}
