import type { EventFilter } from '../filter/filter.ts';
import type { EndpointId, JobId, OrganizationId } from '../ids.ts';
import type { Timestamp } from '../time.ts';
import type { DeliveryStatus } from './delivery.ts';

/** Selects the deliveries that a retry job sends again. */
export interface RetryParameters {
  readonly statuses: readonly DeliveryStatus[];
  readonly endpointId: EndpointId | null;
  readonly type: string | null;
  readonly from: Timestamp | null;
  readonly to: Timestamp | null;
}

/** Selects the events that a replay job sends to endpoints, whether or not they were sent before. */
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
  /** Where the next step begins; null = at the start. */
  readonly place: string | null;
  /** Deliveries or events scanned. */
  readonly lookedAt: number;
  /** Deliveries created or made due. */
  readonly made: number;
  readonly error: string | null;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

/** A background job, done in bounded steps. */
export type Job = JobState &
  (
    | { readonly kind: 'retry'; readonly parameters: RetryParameters }
    | { readonly kind: 'replay'; readonly parameters: ReplayParameters }
  );
