import type { Inbox, InboxMessage, Lease } from '../../../core/administration/inbox.ts';
import type { EventId, InboxId, LeaseId, OrganizationId } from '../../../core/ids.ts';
import type { Milliseconds } from '../../../core/time.ts';
import { FairTurns } from '../../../core/type-matching/fair-turns.ts';
import { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';
import type { Clock } from '../../../ports/clock.ts';
import type {
  InboxChange,
  InboxStore,
  LeaseSelection,
  MessageQuery,
  QuarantinedMessages,
  RequeueStep,
} from '../../../ports/store/inbox-store.ts';
import { number } from '../../rows/row.ts';
import { SqlInboxAdmin } from '../../stores/inboxes/index.ts';
import type { Connection, ReadConnection, Statement } from '../database/index.ts';
import { SqliteStatements } from '../stores/index.ts';
import { type CommittedState, pause, type WriteEffects, type WriteQueue, yieldToLoop } from '../write-queue/index.ts';
import { InboxLeases } from './inbox-leases.ts';
import { InboxWaker } from './inbox-waker.ts';
import type { LeaseRequest } from './lease-messages.ts';
import { type AckSelection, LeasedMessages, MAX_ENDED } from './leased-messages.ts';
import { MessageList } from './list-messages.ts';
import { QuarantinedSearch } from './quarantined-search.ts';

export class SqliteInboxStore implements InboxStore {
  readonly #queue: WriteQueue;
  readonly #reader: ReadConnection;
  readonly #state: CommittedState;
  readonly #waker: InboxWaker;
  readonly #leases: InboxLeases;
  readonly #matcher: TypeMatcher;
  readonly #leased: LeasedMessages;
  readonly #list: MessageList;
  readonly #quarantined: QuarantinedSearch;
  readonly #admin: SqlInboxAdmin;
  readonly #countQuarantined: Statement;

  constructor(parts: {
    writer: Connection;
    reader: ReadConnection;
    queue: WriteQueue;
    state: CommittedState;
    clock: Clock;
  }) {
    this.#queue = parts.queue;
    this.#reader = parts.reader;
    this.#state = parts.state;
    this.#waker = new InboxWaker(parts);
    const turns = new FairTurns({ clock: parts.clock, pause });
    this.#matcher = new TypeMatcher(turns);
    const typeParts = { ...parts, waker: this.#waker, turns, matcher: this.#matcher };
    this.#leases = new InboxLeases(typeParts);
    this.#leased = new LeasedMessages(parts);
    this.#list = new MessageList(typeParts);
    this.#quarantined = new QuarantinedSearch(typeParts);
    this.#admin = new SqlInboxAdmin(new SqliteStatements(parts), (id) => parts.state.available.call(id));
    this.#countQuarantined = parts.reader.prepare('count-quarantined');
  }

  get(organizationId: OrganizationId, name: string): Promise<Inbox | undefined> {
    return this.#admin.get(organizationId, name);
  }

  all(organizationId: OrganizationId): Promise<Inbox[]> {
    return this.#admin.all(organizationId);
  }

  create(inbox: Inbox): Promise<'created' | 'conflict' | 'full'> {
    return this.#admin.create(inbox);
  }

  update(organizationId: OrganizationId, name: string, change: InboxChange): Promise<Inbox | undefined> {
    return this.#admin.update(organizationId, name, change);
  }

  remove(organizationId: OrganizationId, name: string): Promise<boolean> {
    return this.#admin.remove(organizationId, name);
  }

  async find(inbox: Inbox, eventId: EventId): Promise<InboxMessage | undefined> {
    await this.#waker.wakeAll(inbox);
    return this.#list.find(inbox, eventId);
  }

  async list(inbox: Inbox, query: MessageQuery): Promise<InboxMessage[]> {
    await this.#waker.wakeAll(inbox);
    return this.#list.list(inbox, query);
  }

  lease(inbox: Inbox, request: LeaseRequest): Promise<Lease | undefined> {
    return this.#leases.lease(inbox, request);
  }

  async ack(inbox: Inbox, selection: AckSelection) {
    const { eventIds, leaseId } = selection;
    if (eventIds === null) {
      const acknowledged =
        leaseId === null ? 0 : await this.#inSteps(inbox, () => this.#leased.ackSome(inbox, leaseId));
      return { acknowledged, notFound: [], stale: [] };
    }
    return this.#queue.submitLong(inbox.organizationId, () => this.#leased.ack(inbox, eventIds, leaseId));
  }

  leasedEvents(inbox: Inbox, leaseId: LeaseId): Promise<readonly EventId[]> {
    return this.#queue.submitLong(inbox.organizationId, () => this.#leased.leasedEvents(inbox, leaseId));
  }

  async release(inbox: Inbox, selection: LeaseSelection & { readonly delayMs: Milliseconds }) {
    const release = (effects: WriteEffects) => {
      effects.availableOrganizations.add(inbox.organizationId);
      return this.#leased.release(inbox, selection, effects.quarantined);
    };
    if (selection.eventIds !== null) return this.#queue.submitLong(inbox.organizationId, release);
    return { released: await this.#inSteps(inbox, (effects) => release(effects).released), stale: [] };
  }

  /** Until a step ends fewer messages than it may. @returns how many in all */
  async #inSteps(inbox: Inbox, step: (effects: WriteEffects) => number): Promise<number> {
    for (let ended = 0; ; ) {
      const some = await this.#queue.submitLong(inbox.organizationId, step);
      ended += some;
      if (some < MAX_ENDED) return ended;
    }
  }

  undoLease(inbox: Inbox, leaseId: LeaseId, eventIds: readonly EventId[]): Promise<void> {
    return this.#queue.submitLong(inbox.organizationId, (effects) => {
      effects.availableOrganizations.add(inbox.organizationId);
      this.#leased.undoLease(inbox, leaseId, eventIds);
    });
  }

  extend(inbox: Inbox, selection: LeaseSelection & { readonly leaseMs: Milliseconds }) {
    return this.#queue.submitLong(inbox.organizationId, () => this.#leased.extend(inbox, selection));
  }

  async requeue(inbox: Inbox, eventIds: readonly EventId[]) {
    await this.#waker.wakeAll(inbox);
    return this.#queue.submitLong(inbox.organizationId, (effects) => {
      effects.availableOrganizations.add(inbox.organizationId);
      return this.#leased.requeue(inbox, eventIds);
    });
  }

  async requeueStep(inbox: Inbox, step: RequeueStep) {
    await this.#waker.wakeAll(inbox);
    const { ids, last } = await this.#quarantined.step(inbox, step);
    if (ids.length === 0) return { requeued: 0, last };
    const requeued = await this.#queue.submitLong(inbox.organizationId, (effects) => {
      effects.availableOrganizations.add(inbox.organizationId);
      return this.#leased.requeue(inbox, ids).requeued;
    });
    return { requeued, last };
  }

  /** Counts one inbox at a time and yields to the event loop in between. */
  async countQuarantined(inboxes: readonly Inbox[], upTo: number): Promise<ReadonlyMap<InboxId, number>> {
    const counts = new Map<InboxId, number>();
    for (const inbox of inboxes) {
      if (counts.size > 0) await yieldToLoop();
      await this.#waker.wakeAll(inbox);
      const row = await this.#reader.read(() => this.#countQuarantined.get(inbox.id, upTo));
      counts.set(inbox.id, number(row ?? {}, 'messages'));
    }
    return counts;
  }

  onQuarantined(listener: (messages: QuarantinedMessages) => void): () => void {
    return this.#state.quarantined.add(listener);
  }

  onAvailable(listener: (organizationId: OrganizationId) => void): () => void {
    return this.#state.available.add(listener);
  }
}
