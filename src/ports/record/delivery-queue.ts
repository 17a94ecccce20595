import type { Attempt, DeliveryStatus } from '../../core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import type { DeliveryId, EndpointId, OrganizationId } from '../../core/ids.ts';
import type { Milliseconds, Timestamp } from '../../core/time.ts';

/** One lane's demand: how much it could start now. */
export interface LaneDemand {
  readonly endpointId: EndpointId;
  /** Maximum number of deliveries, ≥ 1. */
  readonly limit: number;
  readonly leaseMs: Milliseconds;
  readonly limits?: LaneLimits;
}

/** Limits of one lane over all deliverers. */
export interface LaneLimits {
  /** Deliveries leased at once. */
  readonly maxLeased: number;
  /** Claims per second, evenly spaced; null = unlimited. */
  readonly ratePerSecond: number | null;
}

/** A delivery leased to one deliverer. */
export interface ClaimedDelivery {
  readonly id: DeliveryId;
  readonly organizationId: OrganizationId;
  readonly endpointId: EndpointId;
  readonly event: AcceptedEvent;
  /** The number of this attempt, ≥ 1: higher than that of any earlier claim. `settle` is fenced by it. */
  readonly attemptNumber: number;
  /** Failed attempts so far, without those that a crash interrupted. */
  readonly failures: number;
  /** `replay`: created on request; null: created by fan-out. */
  readonly origin: 'replay' | null;
  /** The scheduled due time; absent where the delivery was due at once, or its lease had expired. */
  readonly dueAt?: Timestamp;
  /** When the lease expires. */
  readonly leasedUntil: Timestamp;
}

export interface ClaimedLane {
  readonly endpointId: EndpointId;
  readonly deliveries: readonly ClaimedDelivery[];
  /**
   * When to claim again: the due time of the lane's next delivery, or the time its limits allow one. A time in the past
   * means that more may be claimed at once; null that nothing waits.
   */
  readonly nextDueAt: Timestamp | null;
}

/** The result of one attempt. */
export interface Settlement {
  readonly deliveryId: DeliveryId;
  /** The claim's attempt number: the fence. */
  readonly attemptNumber: number;
  readonly attempt: Attempt;
  readonly next:
    | {
        readonly status: Extract<DeliveryStatus, 'delivered' | 'failed' | 'skipped'>;
        /** Later deliveries of its ordering group keep waiting until this one is retried or canceled. */
        readonly blocksOrder?: boolean;
      }
    | { readonly status: 'retrying'; readonly dueAt: Timestamp };
}

/** `stale`: the lease was lost, because another deliverer claimed the delivery or it was canceled. Nothing was changed. */
export type SettleOutcome = 'settled' | 'stale';

/** A claimed delivery for which no attempt was made. It returns to its state before the claim. */
export interface ReleasedDelivery {
  readonly deliveryId: DeliveryId;
  readonly attemptNumber: number;
  /** Due at this time. */
  readonly dueAt: Timestamp;
}

/** A lane's free capacity for claims on accept. */
export interface ClaimRoom {
  /** Maximum number of deliveries, ≥ 1. */
  readonly limit: number;
  readonly leaseMs: Milliseconds;
}

/**
 * A deliverer in the accepting process: a new delivery is written as claimed if its lane has room. That saves writing
 * the delivery as waiting, finding it, reading its event again, and updating it.
 */
export interface AcceptClaimer {
  /**
   * Called inside the accepting transaction, which may still roll back: changes nothing. Null: new deliveries wait in
   * the queue.
   */
  room(endpointId: EndpointId): ClaimRoom | null;
  /**
   * Called after the commit, in the same turn of the event loop as `room`.
   * @param unclaimed lanes whose new deliveries were not claimed; later ones must not overtake them
   * @returns a function to call when the commit is on disk; only then may the deliveries be sent
   */
  committed(claimed: readonly ClaimedDelivery[], unclaimed: Iterable<EndpointId>): () => void;
}

/** The queue's depth. Counting stops at 10,001. */
export interface QueueDepth {
  /** Deliveries that wait for an attempt or are in one. */
  readonly waiting: number;
  /** Retries and scheduled deliveries that are due and not claimed. */
  readonly retriesDue: number;
  /** Due time of the delivery that has been due longest. */
  readonly oldestDueAt: Timestamp | null;
}

/** The queue of deliveries: one lane per endpoint. */
export interface DeliveryQueue {
  /**
   * Leases due deliveries, oldest first within a lane, and records the attempt's number before anything is sent. No two
   * claims hold the same delivery, nor two deliveries of one ordering group. Returns one result per demand, in order. A
   * delivery whose lease expired without a settlement gets an attempt `interrupted` in its record, for that number.
   */
  claim(demands: readonly LaneDemand[]): Promise<ClaimedLane[]>;

  /**
   * Records attempts and updates their deliveries, each fenced by its attempt number. Outcomes in order. The end of the
   * delivery at the head of an ordering group makes the next one due; a delivery for which another sending was
   * requested meanwhile becomes due again.
   */
  settle(settlements: readonly Settlement[]): Promise<SettleOutcome[]>;

  /** Ends leases early; the attempt numbers are free again. Lost leases are ignored. */
  release(released: readonly ReleasedDelivery[]): Promise<void>;

  /** Unblocks up to `limit` ordering groups that failed deliveries of the endpoint block. @returns how many; 0 = done */
  unblock(endpointId: EndpointId, limit: number): Promise<number>;

  /** Returns every lane with waiting deliveries and the time the next one is due (past or future). Called at start. */
  waitingLanes(): Promise<{ readonly endpointId: EndpointId; readonly nextDueAt: Timestamp }[]>;

  /**
   * Calls with lanes that may have a due delivery: after an accept, a resume, or a manual retry. May call too often; in
   * a healthy engine never too seldom. @returns a function that removes the listener
   */
  onDue(listener: (endpointIds: readonly EndpointId[]) => void): () => void;

  /**
   * Lets accepting transactions claim new deliveries for this deliverer. No effect where another process accepts.
   * @returns a function that ends it
   */
  claimOnAccept(claimer: AcceptClaimer): () => void;

  /** For health and metrics. */
  depth(): Promise<QueueDepth>;
}
