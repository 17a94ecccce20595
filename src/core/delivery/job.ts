import type { EventFilter } from '../filter/filter.ts';
import type { EndpointId, JobId, OrganizationId } from '../ids.ts';
import type { Timestamp } from '../time.ts';
import type { DeliveryStatus } from './delivery.ts';

/** Deliveries that are to be sent again. */
export interface RetryParameters {
  readonly statuses: readonly DeliveryStatus[];
  readonly endpointId: EndpointId | null;
  readonly type: string | null;
  readonly from: Timestamp | null;
  readonly to: Timestamp | null;
}

/** Events that are to be sent to endpoints, whether they were sent before or not. */
export interface ReplayParameters {
  readonly endpointIds: readonly EndpointId[];
  /** Pattern of the event type; null = any. */
  readonly type: string | null;
  readonly filter: EventFilter | null;
  /** Only events with a delivery in this state; null = any. */
  readonly status: DeliveryStatus | null;
  readonly from: Timestamp | null;
  readonly to: Timestamp | null;
}

interface JobState {
  readonly id: JobId;
  readonly organizationId: OrganizationId;
  readonly status: 'running' | 'done' | 'canceled' | 'failed';
  /** Where the next step begins; null = at the beginning. */
  readonly place: string | null;
  /** Deliveries or events that were looked at. */
  readonly lookedAt: number;
  /** Deliveries that it made, or made due. */
  readonly made: number;
  readonly error: string | null;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

/** Work in the background, in bounded steps. */
export type Job = JobState &
  (
    | { readonly kind: 'retry'; readonly parameters: RetryParameters }
    | { readonly kind: 'replay'; readonly parameters: ReplayParameters }
  );
