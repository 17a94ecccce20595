import type { Attempt, DeliveryStatus } from '../../core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import type { DeliveryId, EndpointId, OrganizationId } from '../../core/ids.ts';
import type { Milliseconds, Timestamp } from '../../core/time.ts';

/** How much one lane could start now. */
export interface LaneDemand {
  readonly endpointId: EndpointId;
  /** At most so many; ≥ 1. */
  readonly limit: number;
  readonly leaseMs: Milliseconds;
  readonly limits?: LaneLimits;
}

/** Of one lane, over all takers. */
export interface LaneLimits {
  /** In the hands of takers at once. */
  readonly maxLeased: number;
  /** Takings a second, evenly spread; null = no bound. */
  readonly ratePerSecond: number | null;
}

/** A delivery in the hands of one taker until its lease runs out. */
export interface ClaimedDelivery {
  readonly id: DeliveryId;
  readonly organizationId: OrganizationId;
  readonly endpointId: EndpointId;
  readonly event: AcceptedEvent;
  /** The number of this attempt, ≥ 1: higher than that of any earlier taking. It is the fence of `settle`. */
  readonly attemptNumber: number;
  /** Attempts that ended in failure so far. Those that a crash cut off are not among them. */
  readonly failures: number;
  /** `replay`: somebody asked for the event to be sent again; null: fan-out made it. */
  readonly origin: 'replay' | null;
  /** When it was due by the clock; absent where it was due at once, or its lease had run out. */
  readonly dueAt?: Timestamp;
  /** For how long the lane may treat the delivery as its own. */
  readonly leasedUntil: Timestamp;
}

export interface ClaimedLane {
  readonly endpointId: EndpointId;
  readonly deliveries: readonly ClaimedDelivery[];
  /**
   * When to ask again: when the lane's next delivery comes due, or its limits let one through. Past = more may be had at
   * once; null when nothing waits.
   */
  readonly nextDueAt: Timestamp | null;
}

/** The end of one attempt. */
export interface Settlement {
  readonly deliveryId: DeliveryId;
  /** Of the taking: the fence. */
  readonly attemptNumber: number;
  readonly attempt: Attempt;
  readonly next:
    | {
        readonly status: Extract<DeliveryStatus, 'delivered' | 'failed' | 'skipped'>;
        /** Those behind it in its order wait on, until somebody retries or cancels it. */
        readonly blocksOrder?: boolean;
      }
    | { readonly status: 'retrying'; readonly dueAt: Timestamp };
}

/** `stale`: the lease was lost and somebody else took the delivery, or it was canceled: nothing was changed. */
export type SettleOutcome = 'settled' | 'stale';

/** A delivery that was taken but not tried: it goes back as if it had not been taken. */
export interface ReleasedDelivery {
  readonly deliveryId: DeliveryId;
  readonly attemptNumber: number;
  /** Not before then. */
  readonly dueAt: Timestamp;
}

/** What a lane could start beside what it has. */
export interface ClaimRoom {
  /** ≥ 1. */
  readonly limit: number;
  readonly leaseMs: Milliseconds;
}

/**
 * Whoever delivers, in the process that accepts: a new delivery whose lane has room is written as taken at once. That saves
 * writing it as waiting, finding it, reading its event again and writing it once more.
 */
export interface AcceptClaimer {
  /** Asked within the accepting transaction, which may still be undone: changes nothing. Null: new ones wait in the lane. */
  room(endpointId: EndpointId): ClaimRoom | null;
  /**
   * The transaction is committed, in the same turn of the loop in which `room` was asked.
   * @param left lanes in which new deliveries were left waiting: later ones may not overtake them
   * @returns to be called when all of it is on the disk: only then may they be sent
   */
  committed(taken: readonly ClaimedDelivery[], left: Iterable<EndpointId>): () => void;
}

/** How much waits. Counting stops at 10,001. */
export interface QueueDepth {
  /** For an attempt, or in one. */
  readonly waiting: number;
  /** Of them, those whose time has come by the clock and that nobody has taken yet: retries, and events with a time. */
  readonly retriesDue: number;
  /** Since when the longest waiting one is due. */
  readonly oldestDueAt: Timestamp | null;
}

/** What waits to be sent: lanes of deliveries, one lane an endpoint. */
export interface DeliveryQueue {
  /**
   * Leases due deliveries, oldest first within a lane, and writes the attempt's number down before anything is sent.
   * Two takers never hold the same delivery at once, nor two of one order. One answer a demand, in order. A delivery whose last taker
   * vanished without settling gets an attempt `interrupted` in its record, for that number.
   */
  claim(demands: readonly LaneDemand[]): Promise<ClaimedLane[]>;

  /**
   * Records attempts and moves their deliveries on, each fenced by its attempt number. Outcomes in order. The end of one
   * that has the turn in its order makes the next one due; one whose end came, but of which another sending was asked for
   * by hand meanwhile, is due again.
   */
  settle(settlements: readonly Settlement[]): Promise<SettleOutcome[]>;

  /** Ends leases early; the attempt number is free again. A lost lease is passed over in silence. */
  release(returned: readonly ReleasedDelivery[]): Promise<void>;

  /** Lets a bounded number of orders go on that failed deliveries of the endpoint hold up. @returns how many; 0 = done */
  unblock(endpointId: EndpointId, limit: number): Promise<number>;

  /** Every lane in which something waits, with the time it comes due (past or to come): asked at start. */
  waitingLanes(): Promise<{ readonly endpointId: EndpointId; readonly nextDueAt: Timestamp }[]>;

  /**
   * Calls with lanes that may have something due now: after an accept, a resume, a retry by hand. May call too often,
   * never too seldom in a healthy engine. @returns a function that ends it
   */
  onDue(listener: (endpointIds: readonly EndpointId[]) => void): () => void;

  /**
   * From here on new deliveries may be taken by the transaction that accepts them. Where that is another process's they never
   * are. @returns a function that ends it
   */
  claimOnAccept(taker: AcceptClaimer): () => void;

  /** For the health page and the metrics. */
  depth(): Promise<QueueDepth>;
}
