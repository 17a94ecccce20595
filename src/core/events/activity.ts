import type { AttemptError, DeliveryStatus } from '../delivery/delivery.ts';
import type { DeliveryId, EndpointId, EventId, OrganizationId } from '../ids.ts';
import type { Timestamp } from '../time.ts';
import type { AcceptedEvent } from './event.ts';

export const ACTIVITY_KINDS = ['event', 'delivery'] as const;
export type ActivityKind = (typeof ACTIVITY_KINDS)[number];

/** A delivery's state after an attempt. */
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

/** An activity of an organization, for watchers. */
export type Activity =
  | { readonly kind: 'event'; readonly event: AcceptedEvent }
  | { readonly kind: 'delivery'; readonly delivery: DeliveryActivity };

/** Number of dropped activities of each kind; null = unknown. */
export type DroppedCounts = Readonly<Record<ActivityKind, number | null>>;

export function organizationOf(activity: Activity): OrganizationId {
  return activity.kind === 'event' ? activity.event.organizationId : activity.delivery.organizationId;
}

export function eventTypeOf(activity: Activity): string {
  return activity.kind === 'event' ? activity.event.type : activity.delivery.eventType;
}

const FRAME = 500;

/** Approximate size in memory and on the wire, in characters. */
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
/** The subscription was interrupted for a while. */
export const UNKNOWN_DROPPED: DroppedCounts = { event: null, delivery: null };
