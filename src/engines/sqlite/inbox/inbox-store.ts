import type { Inbox, InboxMessage, Lease } from '../../../core/administration/inbox.ts';
import type { EventId, InboxId, LeaseId, OrganizationId } from '../../../core/ids.ts';
import { MAX_PAGE_BYTES } from '../../../core/limits.ts';
import { addMs, type Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type {
  InboxChange,
  InboxStore,
  LeaseSelection,
  MessageQuery,
  QuarantinedMessages,
  RequeueStep,
} from '../../../ports/store/inbox-store.ts';
import { inboxFromRow } from '../../rows/inbox-row.ts';
import { number } from '../../rows/row.ts';
import type { Connection, ReadConnection, Statement } from '../database/index.ts';
import { type CommittedState, othersTurn, type WriteQueue } from '../write-queue/index.ts';
import { type AckSelection, MessageHolds } from './hold-messages.ts';
import { InboxAdmin } from './inbox-admin.ts';
import { InboxWaker } from './inbox-waker.ts';
import { type LeaseRequest, MessageLeaser } from './lease-messages.ts';
import { MessageList } from './list-messages.ts';

export class SqliteInboxStore implements InboxStore {
  readonly #queue: WriteQueue;
  readonly #reader: ReadConnection;
  readonly #state: CommittedState;
  readonly #clock: Clock;
  readonly #waker: InboxWaker;
  readonly #leaser: MessageLeaser;
  readonly #holds: MessageHolds;
  readonly #list: MessageList;
  readonly #admin: InboxAdmin;
  readonly #get: Statement;
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
    this.#clock = parts.clock;
    this.#waker = new InboxWaker(parts);
    this.#leaser = new MessageLeaser({ ...parts, waker: this.#waker });
    this.#holds = new MessageHolds(parts);
    this.#list = new MessageList(parts.reader);
    this.#admin = new InboxAdmin(parts);
    this.#get = parts.reader.prepare('get-inbox');
    this.#countQuarantined = parts.reader.prepare('count-quarantined');
  }

  get(organizationId: OrganizationId, name: string): Promise<Inbox | undefined> {
    return this.#reader.read(() => {
      const row = this.#get.get(organizationId, name);
      return row === undefined ? undefined : inboxFromRow(row);
    });
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

  /** In as many steps as it takes to look at everything once; a step that fails leaves what the earlier ones leased. */
  async lease(inbox: Inbox, request: LeaseRequest): Promise<Lease | undefined> {
    const until = addMs(this.#clock.now(), request.leaseMs);
    const messages: InboxMessage[] = [];
    let bytes = request.maxBytes ?? MAX_PAGE_BYTES;
    for (let more = true; more; ) {
      try {
        const room = { messages: request.limit - messages.length, bytes };
        const step = await this.#queue.submit((effects) =>
          this.#leaser.leaseStep(inbox, request, until, room, effects),
        );
        messages.push(...step.messages);
        bytes -= step.bytes;
        more = step.more;
      } catch (error) {
        if (messages.length === 0) throw error;
        more = false;
      }
    }
    return messages.length === 0 ? undefined : { id: request.leaseId, until, messages };
  }

  ack(inbox: Inbox, selection: AckSelection) {
    return this.#queue.submit(() => this.#holds.ack(inbox, selection));
  }

  held(inbox: Inbox, leaseId: LeaseId): Promise<readonly EventId[]> {
    return this.#queue.submit(() => this.#holds.held(inbox, leaseId));
  }

  release(inbox: Inbox, selection: LeaseSelection & { readonly delayMs: Milliseconds }) {
    return this.#queue.submit((effects) => {
      effects.availableOrganizations.add(inbox.organizationId);
      return this.#holds.release(inbox, selection, effects.quarantined);
    });
  }

  giveBack(inbox: Inbox, leaseId: LeaseId, eventIds: readonly EventId[]): Promise<void> {
    return this.#queue.submit((effects) => {
      effects.availableOrganizations.add(inbox.organizationId);
      this.#holds.giveBack(inbox, leaseId, eventIds);
    });
  }

  extend(inbox: Inbox, selection: LeaseSelection & { readonly leaseMs: Milliseconds }) {
    return this.#queue.submit(() => this.#holds.extend(inbox, selection));
  }

  async requeue(inbox: Inbox, eventIds: readonly EventId[]) {
    await this.#waker.wakeAll(inbox);
    return this.#queue.submit((effects) => {
      effects.availableOrganizations.add(inbox.organizationId);
      return this.#holds.requeue(inbox, eventIds);
    });
  }

  async requeueStep(inbox: Inbox, step: RequeueStep) {
    await this.#waker.wakeAll(inbox);
    return this.#queue.submit((effects) => {
      effects.availableOrganizations.add(inbox.organizationId);
      return this.#holds.requeueStep(inbox, step);
    });
  }

  /** A look of an inbox at a time, with turns for others between them. */
  async countQuarantined(inboxes: readonly Inbox[], upTo: number): Promise<ReadonlyMap<InboxId, number>> {
    const counts = new Map<InboxId, number>();
    for (const inbox of inboxes) {
      if (counts.size > 0) await othersTurn();
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
