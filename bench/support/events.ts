import { randomFillSync } from 'node:crypto';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { type EventId, IdSource, type OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { timestamp } from '../../src/core/time.ts';
import type { Clock } from '../../src/ports/clock.ts';

/** The machine's time, for engines that run in the benchmark's own process. */
export const CLOCK: Clock = { now: () => timestamp(Date.now()), monotonicMs: () => performance.now() };
export const IDS = new IdSource(CLOCK.now, randomFillSync);

/** An event as the front hands it to an engine. */
export function newEvent(organizationId: OrganizationId, type: string, data: JsonText): AcceptedEvent {
  return {
    id: IDS.next<EventId>(),
    organizationId,
    type,
    data,
    dedupId: null,
    orderingKey: null,
    deliverAt: null,
    createdAt: CLOCK.now(),
    traceparent: null,
    hops: 0,
  };
}
