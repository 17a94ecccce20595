import type { AcceptedEvent } from '../events/event.ts';
import type { InboxId, LeaseId, OrganizationId } from '../ids.ts';
import type { Timestamp } from '../time.ts';

export const INBOX_STATUSES = ['available', 'leased', 'acked', 'quarantined'] as const;
export type InboxStatus = (typeof INBOX_STATUSES)[number];

/** An inbox: consumers pull events from it. It keeps its own state for each event. */
export interface Inbox {
  readonly id: InboxId;
  readonly organizationId: OrganizationId;
  readonly name: string;
  /** Patterns (`matchesEventType`); empty = all. */
  readonly eventTypes: readonly string[];
  /** Number of leases without an acknowledgement after which an event is quarantined. */
  readonly maxLeases: number;
  readonly paused: boolean;
  readonly createdAt: Timestamp;
}

/** Every organization has this inbox. It receives every event. */
export const DEFAULT_INBOX = 'default';

/** An event with its state in an inbox. */
export interface InboxMessage {
  readonly event: AcceptedEvent;
  readonly status: InboxStatus;
  /** Leases so far: expired, released, and the current one. */
  readonly leaseCount: number;
  /** The lease that holds the message, in lists and reads of leased messages. */
  readonly lease?: { readonly id: LeaseId; readonly until: Timestamp };
}

/** One consumer's temporary, exclusive hold on some messages. */
export interface Lease {
  readonly id: LeaseId;
  readonly until: Timestamp;
  readonly messages: readonly InboxMessage[];
}
