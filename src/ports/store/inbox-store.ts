import type { Inbox, InboxMessage, InboxStatus, Lease } from '../../core/administration/inbox.ts';
import type { EventId, InboxId, LeaseId, OrganizationId } from '../../core/ids.ts';
import type { Milliseconds, Timestamp } from '../../core/time.ts';
import type { ByteBound } from './page.ts';

/** Selects messages of a lease. */
export interface LeaseSelection {
  readonly leaseId: LeaseId;
  /** null = all messages of the lease. */
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

/** Selects quarantined messages, oldest first, and how many to scan. */
export interface RequeueStep {
  /** Patterns; empty = all. */
  readonly eventTypes: readonly string[];
  /** Accepted at or after `from` and before `to`; null = no bound. */
  readonly from: Timestamp | null;
  readonly to: Timestamp | null;
  readonly after: EventId | null;
  readonly limit: number;
}

export type InboxChange = Partial<Pick<Inbox, 'eventTypes' | 'maxLeases' | 'paused'>>;

/**
 * Inboxes and their messages. The inbox `default` stores no row per event: a cursor says which events were never
 * leased, and rows exist only for touched messages. Leases expire by the store's clock.
 */
export interface InboxStore {
  get(organizationId: OrganizationId, name: string): Promise<Inbox | undefined>;

  /** All inboxes of an organization, by name; at most `MAX_INBOXES_PER_ORGANIZATION`. */
  all(organizationId: OrganizationId): Promise<Inbox[]>;

  /**
   * Creates an inbox that gets events accepted from `inbox.createdAt` on. `conflict`: the name exists; `full`: the
   * maximum is reached.
   */
  create(inbox: Inbox): Promise<'created' | 'conflict' | 'full'>;

  /**
   * Changes an inbox. New event types apply to events that were not scanned yet. @returns the changed inbox; undefined:
   * none
   */
  update(organizationId: OrganizationId, name: string, change: InboxChange): Promise<Inbox | undefined>;

  /** Removes an inbox with its state. @returns whether it existed */
  remove(organizationId: OrganizationId, name: string): Promise<boolean>;

  /** Returns one event's message, looked up without a scan; undefined when the inbox never had it or does not want it. */
  find(inbox: Inbox, eventId: EventId): Promise<InboxMessage | undefined>;

  /** Lists messages without leasing them, oldest first. A leased message is shown with its lease. */
  list(inbox: Inbox, query: MessageQuery): Promise<InboxMessage[]>;

  /**
   * Leases up to `limit` available messages, oldest first. No message is in two leases. A message that has had its
   * `maxLeases` is quarantined instead. `eventTypes` (patterns; empty = all) filters this lease only. The lease ends
   * with the message that brings its data to `maxBytes` (`fillsPage`); further messages stay available. An existing
   * lease may be extended with more messages.
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
   * Acknowledges by ids, by lease, or both. Messages acknowledged earlier count as acknowledged. With a lease, messages
   * that it no longer holds (and that are not acknowledged) are `stale`. Ids without an event of the organization are
   * `notFound`. Durable when it resolves.
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
   * Undoes a lease whose client never got it: its messages are available at once, and the lease is not counted.
   * Messages that the lease no longer holds are unchanged.
   */
  undoLease(inbox: Inbox, leaseId: LeaseId, eventIds: readonly EventId[]): Promise<void>;

  /** The messages that a lease holds now, oldest first. */
  leasedEvents(inbox: Inbox, leaseId: LeaseId): Promise<readonly EventId[]>;

  /** Ends the lease of messages, which become available after `delayMs`. `stale`: ids that the lease does not hold. */
  release(
    inbox: Inbox,
    selection: LeaseSelection & { readonly delayMs: Milliseconds },
  ): Promise<{ readonly released: number; readonly stale: readonly EventId[] }>;

  /** Extends the lease to `leaseMs` from now. */
  extend(
    inbox: Inbox,
    selection: LeaseSelection & { readonly leaseMs: Milliseconds },
  ): Promise<{ readonly extended: number; readonly stale: readonly EventId[] }>;

  /** Makes quarantined messages available with a lease count of 0. `notFound`: ids that are not quarantined here. */
  requeue(
    inbox: Inbox,
    eventIds: readonly EventId[],
  ): Promise<{ readonly requeued: number; readonly notFound: readonly EventId[] }>;

  /**
   * One bounded step over the quarantined messages: those that match become available with a lease count of 0.
   * @returns how many, and the event after which to continue; null = done
   */
  requeueStep(inbox: Inbox, step: RequeueStep): Promise<{ readonly requeued: number; readonly last: EventId | null }>;

  /**
   * Counts the quarantined messages of each inbox, exactly up to `upTo`, including those whose last lease expired
   * without a read since. All inboxes belong to one organization. One index range per inbox.
   */
  countQuarantined(inboxes: readonly Inbox[], upTo: number): Promise<ReadonlyMap<InboxId, number>>;

  /**
   * Calls with messages that a call to this store in this process quarantined, once per transition, after the commit.
   * Causes: a lease (of expired messages or of those with all leases used), a release, or a read that wakes expired
   * messages.
   * @returns a function that removes the listener
   */
  onQuarantined(listener: (messages: QuarantinedMessages) => void): () => void;

  /**
   * Calls when an inbox may have new messages: after an accept, a release, a requeue, or an `undoLease`. Not called
   * when leases expire.
   * @returns a function that removes the listener
   */
  onAvailable(listener: (organizationId: OrganizationId) => void): () => void;
}
