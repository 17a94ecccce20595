import type { Inbox, InboxMessage, Lease } from '../../../core/administration/inbox.ts';
import type { EventId, InboxId, LeaseId, OrganizationId } from '../../../core/ids.ts';
import { Listeners } from '../../../core/listeners.ts';
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
import { number, text } from '../../rows/row.ts';
import { SqlInboxAdmin } from '../../stores/inboxes/index.ts';
import type { Database } from '../database/index.ts';
import { PostgresStatements } from '../stores/index.ts';
import { type LeaseRequest, MessageLeaser } from './lease-messages.ts';
import { type AckSelection, LeasedMessages } from './leased-messages.ts';
import { MessageList } from './list-messages.ts';
import { MessageRequeuer } from './requeue-messages.ts';

/** Inboxes on PostgreSQL, for any number of processes at once. */
export class PostgresInboxStore implements InboxStore {
  readonly #database: Database;
  readonly #admin: SqlInboxAdmin;
  readonly #leaser: MessageLeaser;
  readonly #leased: LeasedMessages;
  readonly #list: MessageList;
  readonly #requeuer: MessageRequeuer;
  readonly #publish: (organizationId: OrganizationId) => void;
  readonly #clock: Clock;
  readonly #quarantined = new Listeners<QuarantinedMessages>();
  readonly #listeners = new Set<(organizationId: OrganizationId) => void>();

  /** @param parts.publish announces to other processes what `announce` announces in this one; must not throw */
  constructor(parts: { database: Database; clock: Clock; publish: (organizationId: OrganizationId) => void }) {
    this.#database = parts.database;
    this.#publish = parts.publish;
    this.#clock = parts.clock;
    this.#admin = new SqlInboxAdmin(new PostgresStatements(parts.database), (id) => this.#announceEverywhere(id));
    const matcher = new TypeMatcher(new FairTurns({ clock: parts.clock, pause }));
    const onQuarantined = (messages: QuarantinedMessages) => this.#quarantined.call(messages);
    this.#leased = new LeasedMessages({ ...parts, onQuarantined });
    this.#leaser = new MessageLeaser({
      ...parts,
      matcher,
      onQuarantined,
      undoLease: (inbox, leaseId, eventIds) => this.undoLease(inbox, leaseId, eventIds),
    });
    this.#list = new MessageList({ ...parts, matcher });
    this.#requeuer = new MessageRequeuer({ ...parts, matcher, onQuarantined });
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

  find(inbox: Inbox, eventId: EventId): Promise<InboxMessage | undefined> {
    return this.#list.find(inbox, eventId);
  }

  list(inbox: Inbox, query: MessageQuery): Promise<InboxMessage[]> {
    return this.#list.list(inbox, query);
  }

  lease(inbox: Inbox, request: LeaseRequest): Promise<Lease | undefined> {
    return this.#leaser.lease(inbox, request);
  }

  ack(inbox: Inbox, selection: AckSelection) {
    return this.#leased.ack(inbox, selection);
  }

  leasedEvents(inbox: Inbox, leaseId: LeaseId): Promise<readonly EventId[]> {
    return this.#leased.leasedEvents(inbox, leaseId);
  }

  async release(inbox: Inbox, selection: LeaseSelection & { readonly delayMs: Milliseconds }) {
    const result = await this.#leased.release(inbox, selection);
    this.#announceEverywhere(inbox.organizationId);
    return result;
  }

  async undoLease(inbox: Inbox, leaseId: LeaseId, eventIds: readonly EventId[]): Promise<void> {
    await this.#leased.undoLease(inbox, leaseId, eventIds);
    this.#announceEverywhere(inbox.organizationId);
  }

  extend(inbox: Inbox, selection: LeaseSelection & { readonly leaseMs: Milliseconds }) {
    return this.#leased.extend(inbox, selection);
  }

  async requeue(inbox: Inbox, eventIds: readonly EventId[]) {
    const result = await this.#leased.requeue(inbox, eventIds);
    this.#announceEverywhere(inbox.organizationId);
    return result;
  }

  async requeueStep(inbox: Inbox, step: RequeueStep) {
    const result = await this.#requeuer.step(inbox, step);
    if (result.requeued > 0) this.#announceEverywhere(inbox.organizationId);
    return result;
  }

  async countQuarantined(inboxes: readonly Inbox[], upTo: number): Promise<ReadonlyMap<InboxId, number>> {
    const [first] = inboxes;
    if (first === undefined) return new Map();
    const [ids, maxLeases] = [inboxes.map(({ id }) => id), inboxes.map((inbox) => inbox.maxLeases)];
    const parameters = [first.organizationId, ids, maxLeases, this.#clock.now(), upTo];
    const rows = await this.#database.query('count-quarantined', parameters, { idempotent: true });
    const counts = new Map(rows.map((row) => [text<InboxId>(row, 'id'), number<number>(row, 'messages')]));
    return new Map(ids.map((id) => [id, counts.get(id) ?? 0]));
  }

  onQuarantined(listener: (messages: QuarantinedMessages) => void): () => void {
    return this.#quarantined.add(listener);
  }

  onAvailable(listener: (organizationId: OrganizationId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Notifies this process's listeners that the organization's inboxes may have new messages. */
  announce(organizationId: OrganizationId): void {
    for (const listener of this.#listeners) listener(organizationId);
  }

  #announceEverywhere(organizationId: OrganizationId): void {
    this.announce(organizationId);
    this.#publish(organizationId);
  }
}

function pause(ms: Milliseconds): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}
