import type { Inbox, Lease } from '../../core/administration/inbox.ts';
import type { EventId, LeaseId, OrganizationId } from '../../core/ids.ts';
import { MAX_PAGE_BYTES, MAX_REQUEUED, READ_PIECE_BYTES, REQUEUE_STEP } from '../../core/limits.ts';
import { dataBytes, fillsPage } from '../../core/page-bytes.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Store } from '../../ports/engine.ts';
import type { InboxStore, RequeueStep } from '../../ports/store/inbox-store.ts';
import type { NotificationStore } from '../../ports/store/notification-store.ts';
import type { Context } from '../context.ts';
import type { ReadSlots } from '../pacing/index.ts';

export interface LeaseRequest {
  readonly limit: number;
  readonly leaseMs: Milliseconds;
  readonly eventTypes: readonly string[];
  /** How long to wait for the first message. */
  readonly waitMs: Milliseconds;
  /** The client has gone: leasing for it would hide messages until the lease runs out. */
  readonly signal: AbortSignal;
}

/** Waiters with the same inbox and type filter. */
type WaiterQueue = Set<Waiter>;

/**
 * The station that is pulled from. Consumers that wait stand in line, one line for each inbox and narrowing; news calls
 * the first of each line, who calls the next when there was more than it could hold. Nobody polls.
 */
export class InboxService {
  readonly #context: Pick<Context, 'clock' | 'ids'>;
  readonly #store: InboxStore;
  readonly #notifications: NotificationStore;
  readonly #reads: ReadSlots;
  readonly #waiters = new Map<OrganizationId, Map<string, WaiterQueue>>();
  readonly #unsubscribe: () => void;
  #stopping = false;

  constructor(
    context: Pick<Context, 'clock' | 'ids'>,
    store: Pick<Store, 'inboxes' | 'notifications'>,
    reads: ReadSlots,
  ) {
    this.#context = context;
    this.#reads = reads;
    this.#store = store.inboxes;
    this.#notifications = store.notifications;
    this.#unsubscribe = store.inboxes.onAvailable((organizationId) => {
      for (const line of this.#waiters.get(organizationId)?.values() ?? []) callFirst(line);
    });
  }

  /** @returns undefined when nothing came within the time, the client has gone, or the service stops */
  async lease(inbox: Inbox, request: LeaseRequest): Promise<Lease | undefined> {
    const deadline = this.#context.clock.monotonicMs() + request.waitMs;
    const name = JSON.stringify([inbox.id, ...request.eventTypes]);
    for (let now: Inbox | undefined = inbox; now !== undefined && !request.signal.aborted; ) {
      const line = this.#queueOf(inbox.organizationId, name);
      // In line before looking: news that comes while we look must find us there.
      const turn = new Waiter();
      line.add(turn);
      let handOn = true;
      try {
        const lease = await this.#look(now, request);
        if (lease !== undefined && request.signal.aborted) {
          await this.undoLease(now, lease);
          return undefined;
        }
        handOn = lease !== undefined && isCut(lease, request.limit);
        const leftMs = deadline - this.#context.clock.monotonicMs();
        if (lease !== undefined || leftMs <= 0 || this.#stopping) return lease;
        await turn.come(leftMs, request.signal);
        handOn = request.signal.aborted;
        // It may have been paused, resumed or removed meanwhile.
        now = await this.#store.get(inbox.organizationId, inbox.name);
      } finally {
        line.delete(turn);
        if (handOn) callFirst(line);
        this.#dropEmpty(inbox.organizationId, name, line);
      }
    }
    return undefined;
  }

  /**
   * Its client has gone without it: nobody else would get these messages until it runs out, up to twelve hours later. One that
   * can't be given back because the store is away runs out.
   */
  async undoLease(inbox: Inbox, { id, messages }: Lease): Promise<void> {
    const eventIds = messages.map(({ event }) => event.id);
    await this.#store.undoLease(inbox, id, eventIds).catch(() => {});
  }

  /** A paused inbox keeps what it has. */
  async #look(inbox: Inbox, { limit, leaseMs, eventTypes }: LeaseRequest): Promise<Lease | undefined> {
    if (inbox.paused) return undefined;
    const lease = await this.#lease(inbox, { leaseId: this.#context.ids.next<LeaseId>(), limit, leaseMs, eventTypes });
    const isDrained = eventTypes.length === 0 && (lease === undefined || !isCut(lease, limit));
    // The next message is news to whoever wants to be told.
    if (isDrained && (await this.#notifications.get(inbox.id)) !== undefined) await this.#notifications.arm(inbox.id);
    return lease;
  }

  /** In pieces: the first at once, for it is all there mostly, the others in turn with the long reads of everybody. */
  async #lease(inbox: Inbox, wanted: Parameters<InboxStore['lease']>[1]): Promise<Lease | undefined> {
    let lease = await this.#store.lease(inbox, { ...wanted, maxBytes: READ_PIECE_BYTES });
    let bytes = bytesOf(lease);
    for (let last = bytes; lease !== undefined && last >= READ_PIECE_BYTES && bytes < MAX_PAGE_BYTES; ) {
      const { messages }: Lease = lease;
      const left = {
        limit: wanted.limit - messages.length,
        maxBytes: Math.min(READ_PIECE_BYTES, MAX_PAGE_BYTES - bytes),
      };
      if (left.limit === 0) break;
      // What was leased before is not lost with a piece that fails.
      const more = await this.#reads
        .pieceAlone(inbox.organizationId, () => this.#store.lease(inbox, { ...wanted, ...left }))
        .catch(() => undefined);
      if (more === undefined) break;
      last = bytesOf(more);
      bytes += last;
      lease = { ...lease, messages: [...messages, ...more.messages] };
    }
    return lease;
  }

  /**
   * Makes available again what is quarantined and fits, a bounded part of it, in steps that take turns with the long reads of
   * everybody. @returns after which event to go on; null = that was all
   */
  async requeue(inbox: Inbox, wanted: Omit<RequeueStep, 'limit'>): Promise<{ requeued: number; last: EventId | null }> {
    let requeued = 0;
    let last = wanted.after;
    for (let left = MAX_REQUEUED; left > 0; left -= REQUEUE_STEP) {
      const step = { ...wanted, after: last, limit: REQUEUE_STEP };
      const done = await this.#reads.pieceAlone(inbox.organizationId, () => this.#store.requeueStep(inbox, step));
      requeued += done.requeued;
      last = done.last;
      if (last === null) break;
    }
    return { requeued, last };
  }

  /** Sends every waiting consumer home with nothing, at once. */
  stop(): void {
    this.#stopping = true;
    this.#unsubscribe();
    for (const lines of this.#waiters.values()) {
      for (const line of lines.values()) for (const turn of line) turn.call();
    }
  }

  #queueOf(organizationId: OrganizationId, name: string): WaiterQueue {
    const lines = this.#waiters.get(organizationId) ?? new Map<string, WaiterQueue>();
    this.#waiters.set(organizationId, lines);
    const line = lines.get(name) ?? new Set<Waiter>();
    lines.set(name, line);
    return line;
  }

  #dropEmpty(organizationId: OrganizationId, name: string, line: WaiterQueue): void {
    if (line.size > 0) return;
    const lines = this.#waiters.get(organizationId);
    lines?.delete(name);
    if (lines?.size === 0) this.#waiters.delete(organizationId);
  }
}

function bytesOf(lease: Lease | undefined): number {
  return (lease?.messages ?? []).reduce((sum, { event }) => sum + dataBytes(event), 0);
}

/** Whether there may be more than it could hold. */
function isCut({ messages }: Lease, limit: number): boolean {
  if (messages.length >= limit) return true;
  return fillsPage(
    messages.map(({ event }) => event),
    MAX_PAGE_BYTES,
  );
}

function callFirst(line: WaiterQueue): void {
  for (const turn of line) {
    if (turn.called) continue;
    turn.call();
    return;
  }
}

/** A place in the line. */
class Waiter {
  called = false;
  #wake: () => void = () => {};

  call(): void {
    this.called = true;
    this.#wake();
  }

  /** Resolves when called (also when that was before), when the time is up, or when the client goes. */
  come(waitMs: Milliseconds, signal: AbortSignal): Promise<void> {
    if (this.called) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', this.#wake);
        resolve();
      };
      signal.addEventListener('abort', this.#wake);
    });
  }
}
