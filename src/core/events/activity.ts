import type { AttemptError, DeliveryStatus } from '../delivery/delivery.ts';
import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../ids.ts';
import type { Timestamp } from '../time.ts';
import type { AcceptedEvent } from './event.ts';

export const ACTIVITY_KINDS = ['event', 'delivery'] as const;
export type ActivityKind = (typeof ACTIVITY_KINDS)[number];

/** What became of a delivery by one attempt. */
export interface DeliveryActivity {
  readonly id: DeliveryId;
  readonly organizationId: OrganizationId;
  readonly eventId: EventId;
  readonly endpointId: EndpointId;
  readonly eventType: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** Null when final. */
  readonly nextAttemptAt: Timestamp | null;
  readonly lastStatusCode: number | null;
  readonly lastError: AttemptError | null;
  readonly at: Timestamp;
}

/** Something that just happened to an organization, for those who watch. */
export type Activity =
  | { readonly kind: 'event'; readonly event: AcceptedEvent }
  | { readonly kind: 'delivery'; readonly delivery: DeliveryActivity };

/** How many of each could not be told; null = nobody knows. */
export type DroppedCounts = Readonly<Record<ActivityKind, number | null>>;

export function organizationOf(activity: Activity): OrganizationId {
  return activity.kind === 'event' ? activity.event.organizationId : activity.delivery.organizationId;
}

export function eventTypeOf(activity: Activity): string {
  return activity.kind === 'event' ? activity.event.type : activity.delivery.eventType;
}

const FRAME = 500;

/** About what it takes in memory and on a wire, in characters. */
export function weightOf(activity: Activity): number {
  return activity.kind === 'event' ? activity.event.data.length + FRAME : FRAME;
}

export function addDropped(one: DroppedCounts, other: DroppedCounts): DroppedCounts {
  return { event: sum(one.event, other.event), delivery: sum(one.delivery, other.delivery) };
}

function sum(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}

export const NOTHING_DROPPED: DroppedCounts = { event: 0, delivery: 0 };
/** The way to us was cut for a while. */
export const UNKNOWN_DROPPED: DroppedCounts = { event: null, delivery: null };
