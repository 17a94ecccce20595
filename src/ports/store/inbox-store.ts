import type { Inbox, InboxMessage, InboxStatus, Lease } from '../../core/administration/inbox.ts';
import type { EventId, InboxId, LeaseId, OrganizationId } from '../../core/ids.ts';
import type { Milliseconds, Timestamp } from '../../core/time.ts';
import type { ByteBound } from './page.ts';

/** Which messages of a lease, or of an inbox, a call means. */
export interface LeaseSelection {
  readonly leaseId: LeaseId;
  /** null = all that the lease holds. */
  readonly eventIds: readonly EventId[] | null;
}

export interface MessageQuery extends ByteBound {
  /** null = all. */
  readonly status: InboxStatus | null;
  readonly limit: number;
  readonly after: EventId | null;
}

/** Messages that became `quarantined` together. */
export interface QuarantinedMessages {
  readonly inbox: Pick<Inbox, 'id' | 'organizationId' | 'name'>;
  readonly events: readonly { readonly id: EventId; readonly type: string }[];
}

/** Which quarantined messages, oldest first, and how many to look at. */
export interface RequeueStep {
  /** Patterns; empty = all. */
  readonly eventTypes: readonly string[];
  /** Events accepted then or later, and before; null = no bound. */
  readonly from: Timestamp | null;
  readonly to: Timestamp | null;
  readonly after: EventId | null;
  readonly limit: number;
}

export type InboxChange = Partial<Pick<Inbox, 'eventTypes' | 'maxLeases' | 'paused'>>;

/**
 * Pulled deliveries. The inbox `default` costs no row an event: what was never leased is told by a mark ("all after
 * this"), rows exist for what was touched. Leases are timed by the store's clock.
 */
export interface InboxStore {
  get(organizationId: OrganizationId, name: string): Promise<Inbox | undefined>;

  /** All of an organization, by name; bounded by `MAX_INBOXES_PER_ORGANIZATION`. */
  all(organizationId: OrganizationId): Promise<Inbox[]>;

  /** It gets events that are accepted from `inbox.createdAt` on. `conflict`: the name is taken; `full`: no more may be had. */
  create(inbox: Inbox): Promise<'created' | 'conflict' | 'full'>;

  /** What it wants counts for events that nobody has looked at yet. @returns the inbox as it is now; undefined: none */
  update(organizationId: OrganizationId, name: string, change: InboxChange): Promise<Inbox | undefined>;

  /** With all that it knows of events. @returns whether there was one */
  remove(organizationId: OrganizationId, name: string): Promise<boolean>;

  /** One event as the inbox has it, looked up without a walk. @returns undefined when it never had it, or doesn't want it */
  find(inbox: Inbox, eventId: EventId): Promise<InboxMessage | undefined>;

  /** Looking takes nothing. Oldest first; `status` null = all. What is leased is shown with the lease that holds it. */
  list(inbox: Inbox, query: MessageQuery): Promise<InboxMessage[]>;

  /**
   * Leases up to `limit` available messages, oldest first; two leases never hold the same one. A message that had its
   * `maxLeases` becomes `quarantined` instead. `eventTypes` (patterns; empty = all) narrows this lease only.
   * Ends with the message with which their data come to `maxBytes` (`fillsPage`): what is not returned is not leased. A lease
   * that is there may be given more.
   * @returns undefined when nothing is available
   */
  lease(
    inbox: Inbox,
    args: {
      readonly leaseId: LeaseId;
      readonly limit: number;
      readonly leaseMs: Milliseconds;
      readonly eventTypes: readonly string[];
    } & ByteBound,
  ): Promise<Lease | undefined>;

  /**
   * Acks by ids, by lease, or by both. What is acked already counts as acknowledged. With a lease, what it no longer
   * holds (and is not acked) is stale. Ids the organization has no event for are `notFound`. Durable when it resolves.
   */
  ack(
    inbox: Inbox,
    selection: { readonly eventIds: readonly EventId[] | null; readonly leaseId: LeaseId | null },
  ): Promise<{
    readonly acknowledged: number;
    readonly notFound: readonly EventId[];
    readonly stale: readonly EventId[];
  }>;

  /**
   * Takes back messages of a lease that its client never got, as if it had not been: available at once, the lease not
   * counted. What the lease no longer holds stays as it is.
   */
  undoLease(inbox: Inbox, leaseId: LeaseId, eventIds: readonly EventId[]): Promise<void>;

  /** What a lease holds now, oldest first. */
  leasedEvents(inbox: Inbox, leaseId: LeaseId): Promise<readonly EventId[]>;

  /** Ends the hold; available again after `delayMs`. `stale`: ids that the lease does not hold. */
  release(
    inbox: Inbox,
    selection: LeaseSelection & { readonly delayMs: Milliseconds },
  ): Promise<{ readonly released: number; readonly stale: readonly EventId[] }>;

  /** Holds on for `leaseMs` from now. */
  extend(
    inbox: Inbox,
    selection: LeaseSelection & { readonly leaseMs: Milliseconds },
  ): Promise<{ readonly extended: number; readonly stale: readonly EventId[] }>;

  /** Quarantined messages become available with a fresh count. `notFound`: ids that are not quarantined here. */
  requeue(
    inbox: Inbox,
    eventIds: readonly EventId[],
  ): Promise<{ readonly requeued: number; readonly notFound: readonly EventId[] }>;

  /**
   * One bounded step through the quarantined messages that there are: those that fit become available with a fresh count.
   * @returns how many, and after which event the next step goes on; null = there are no more
   */
  requeueStep(inbox: Inbox, step: RequeueStep): Promise<{ readonly requeued: number; readonly last: EventId | null }>;

  /**
   * How many messages of each inbox are `quarantined`, exact up to `upTo`: also those whose last lease ran out though nobody
   * has looked since. The inboxes are of one organization. One range of an index for each inbox.
   */
  countQuarantined(inboxes: readonly Inbox[], upTo: number): Promise<ReadonlyMap<InboxId, number>>;

  /**
   * Calls with the messages that a call to this store in this process made `quarantined`, once for each time they became so,
   * after the commit: by a lease (also of what ran out or had its leases), a release, or a look that wakes what ran out.
   * @returns a function that ends it
   */
  onQuarantined(listener: (messages: QuarantinedMessages) => void): () => void;

  /**
   * Calls when an inbox may have something new: after an accept, a release, a requeue, a `giveBack`; not when leases run out.
   * @returns a function that ends it
   */
  onAvailable(listener: (organizationId: OrganizationId) => void): () => void;
}
