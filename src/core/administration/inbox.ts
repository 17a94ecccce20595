import type { AcceptedEvent } from '../events/event.ts';
import type { InboxId, LeaseId, OrganizationId } from '../ids.ts';
import type { Timestamp } from '../time.ts';

export const INBOX_STATUSES = ['available', 'leased', 'acked', 'quarantined'] as const;
export type InboxStatus = (typeof INBOX_STATUSES)[number];

/** A place to pull events from, with a state of its own for each event. */
export interface Inbox {
  readonly id: InboxId;
  readonly organizationId: OrganizationId;
  readonly name: string;
  /** Patterns (`matchesEventType`); empty = all. */
  readonly eventTypes: readonly string[];
  /** Leases without an ack after which an event is quarantined. */
  readonly maxLeases: number;
  readonly paused: boolean;
  readonly createdAt: Timestamp;
}

/** The inbox that every organization has, and which wants every event. */
export const DEFAULT_INBOX = 'default';

/** An event as an inbox shows it. */
export interface InboxMessage {
  readonly event: AcceptedEvent;
  readonly status: InboxStatus;
  /** Leases so far: those that ran out, were released, and the one that holds it now. */
  readonly leaseCount: number;
  /** Which lease holds it, where a list or a look shows a leased one. */
  readonly lease?: { readonly id: LeaseId; readonly until: Timestamp };
}

/** One consumer's temporary hold on some messages. */
export interface Lease {
  readonly id: LeaseId;
  readonly until: Timestamp;
  readonly messages: readonly InboxMessage[];
}
