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
  /** How long to wait for the first message; 0 = do not wait. */
  readonly waitMs: Milliseconds;
  /** Aborts when the client disconnects: a lease for it would hide messages until it expires. */
  readonly signal: AbortSignal;
}

/** Waiters with the same inbox and type filter. */
type WaiterQueue = Set<Waiter>;

/**
 * Leases messages to consumers. Consumers that wait form a queue per inbox and type filter. New messages wake the first
 * waiter of each queue, which wakes the next one when more messages remain than its lease could hold. Nothing polls.
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
      for (const queue of this.#waiters.get(organizationId)?.values() ?? []) wakeFirst(queue);
    });
  }

  /** @returns undefined when no message arrived in time, the client disconnected, or the service stops */
  async lease(inbox: Inbox, request: LeaseRequest): Promise<Lease | undefined> {
    const deadline = this.#context.clock.monotonicMs() + request.waitMs;
    const name = JSON.stringify([inbox.id, ...request.eventTypes]);
    for (let now: Inbox | undefined = inbox; now !== undefined && !request.signal.aborted; ) {
      const queue = this.#queueOf(inbox.organizationId, name);
      // The waiter is queued before the read, so that a message that arrives during the read wakes it.
      const waiter = new Waiter();
      queue.add(waiter);
      let wakeNext = true;
      try {
        const lease = await this.#tryLease(now, request);
        if (lease !== undefined && request.signal.aborted) {
          await this.undoLease(now, lease);
          return undefined;
        }
        wakeNext = lease !== undefined && isTruncated(lease, request.limit);
        const remainingMs = deadline - this.#context.clock.monotonicMs();
        if (lease !== undefined || remainingMs <= 0 || this.#stopping) return lease;
        await waiter.wait(remainingMs, request.signal);
        wakeNext = request.signal.aborted;
        // The inbox may have been paused, resumed or removed during the wait.
        now = await this.#store.get(inbox.organizationId, inbox.name);
      } finally {
        queue.delete(waiter);
        if (wakeNext) wakeFirst(queue);
        this.#dropEmpty(inbox.organizationId, name, queue);
      }
    }
    return undefined;
  }

  /**
   * Undoes a lease whose client disconnected: otherwise its messages stay hidden until it expires, up to twelve hours
   * later. If the store is unavailable, the lease expires by itself.
   */
  async undoLease(inbox: Inbox, { id, messages }: Lease): Promise<void> {
    const eventIds = messages.map(({ event }) => event.id);
    await this.#store.undoLease(inbox, id, eventIds).catch(() => {});
  }

  /** A paused inbox leases nothing. */
  async #tryLease(inbox: Inbox, { limit, leaseMs, eventTypes }: LeaseRequest): Promise<Lease | undefined> {
    if (inbox.paused) return undefined;
    const lease = await this.#lease(inbox, { leaseId: this.#context.ids.next<LeaseId>(), limit, leaseMs, eventTypes });
    const isDrained = eventTypes.length === 0 && (lease === undefined || !isTruncated(lease, limit));
    // The inbox is empty: the next message triggers a notification.
    if (isDrained && (await this.#notifications.get(inbox.id)) !== undefined) await this.#notifications.arm(inbox.id);
    return lease;
  }

  /**
   * Leases in pieces: the first at once, as it usually holds everything; further ones take turns with the long reads of
   * all organizations.
   */
  async #lease(inbox: Inbox, wanted: Parameters<InboxStore['lease']>[1]): Promise<Lease | undefined> {
    let lease = await this.#store.lease(inbox, { ...wanted, maxBytes: READ_PIECE_BYTES });
    let bytes = bytesOf(lease);
    for (let last = bytes; lease !== undefined && last >= READ_PIECE_BYTES && bytes < MAX_PAGE_BYTES; ) {
      const { messages }: Lease = lease;
      const rest = {
        limit: wanted.limit - messages.length,
        maxBytes: Math.min(READ_PIECE_BYTES, MAX_PAGE_BYTES - bytes),
      };
      if (rest.limit === 0) break;
      // A piece that fails does not lose the earlier ones.
      const more = await this.#reads
        .pieceAlone(inbox.organizationId, () => this.#store.lease(inbox, { ...wanted, ...rest }))
        .catch(() => undefined);
      if (more === undefined) break;
      last = bytesOf(more);
      bytes += last;
      lease = { ...lease, messages: [...messages, ...more.messages] };
    }
    return lease;
  }

  /**
   * Makes quarantined messages that match available again, up to `MAX_REQUEUED`, in steps that take turns with the long
   * reads of all organizations. @returns the event after which to continue; null = done
   */
  async requeue(inbox: Inbox, wanted: Omit<RequeueStep, 'limit'>): Promise<{ requeued: number; last: EventId | null }> {
    let requeued = 0;
    let last = wanted.after;
    for (let remaining = MAX_REQUEUED; remaining > 0; remaining -= REQUEUE_STEP) {
      const step = { ...wanted, after: last, limit: REQUEUE_STEP };
      const done = await this.#reads.pieceAlone(inbox.organizationId, () => this.#store.requeueStep(inbox, step));
      requeued += done.requeued;
      last = done.last;
      if (last === null) break;
    }
    return { requeued, last };
  }

  /** Answers every waiting consumer at once, with nothing. */
  stop(): void {
    this.#stopping = true;
    this.#unsubscribe();
    for (const queues of this.#waiters.values()) {
      for (const queue of queues.values()) for (const waiter of queue) waiter.wake();
    }
  }

  #queueOf(organizationId: OrganizationId, name: string): WaiterQueue {
    const queues = this.#waiters.get(organizationId) ?? new Map<string, WaiterQueue>();
    this.#waiters.set(organizationId, queues);
    const queue = queues.get(name) ?? new Set<Waiter>();
    queues.set(name, queue);
    return queue;
  }

  #dropEmpty(organizationId: OrganizationId, name: string, queue: WaiterQueue): void {
    if (queue.size > 0) return;
    const queues = this.#waiters.get(organizationId);
    queues?.delete(name);
    if (queues?.size === 0) this.#waiters.delete(organizationId);
  }
}

function bytesOf(lease: Lease | undefined): number {
  return (lease?.messages ?? []).reduce((sum, { event }) => sum + dataBytes(event), 0);
}

/** Whether more messages may remain than the lease could hold. */
function isTruncated({ messages }: Lease, limit: number): boolean {
  if (messages.length >= limit) return true;
  return fillsPage(
    messages.map(({ event }) => event),
    MAX_PAGE_BYTES,
  );
}

function wakeFirst(queue: WaiterQueue): void {
  for (const waiter of queue) {
    if (waiter.woken) continue;
    waiter.wake();
    return;
  }
}

/** One waiting consumer. */
class Waiter {
  woken = false;
  #resolve: () => void = () => {};

  wake(): void {
    this.woken = true;
    this.#resolve();
  }

  /** Resolves when woken (also when that happened before), when the time is over, or when the client disconnects. */
  wait(waitMs: Milliseconds, signal: AbortSignal): Promise<void> {
    if (this.woken) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#resolve(), waitMs);
      this.#resolve = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', this.#resolve);
        resolve();
      };
      signal.addEventListener('abort', this.#resolve);
    });
  }
}
