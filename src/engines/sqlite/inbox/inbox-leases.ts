import type { Inbox, InboxMessage, Lease } from '../../../core/administration/inbox.ts';
import { MAX_PAGE_BYTES } from '../../../core/limits.ts';
import { addMs } from '../../../core/time.ts';
import type { FairTurns } from '../../../core/type-matching/fair-turns.ts';
import type { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Connection, ReadConnection } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';
import { AvailableMessages } from './available-messages.ts';
import type { InboxWaker } from './inbox-waker.ts';
import { type LeasePlan, type LeaseRequest, MAX_LEASED, MessageLeaser } from './lease-messages.ts';
import { LeaseTypes } from './lease-types.ts';

/**
 * Leases messages in as many steps as needed to scan everything once. A step is a write of a few ms; patterns are
 * matched between steps.
 */
export class InboxLeases {
  readonly #queue: WriteQueue;
  readonly #clock: Clock;
  readonly #waker: InboxWaker;
  readonly #matcher: TypeMatcher;
  readonly #leaser: MessageLeaser;
  readonly #available: AvailableMessages;

  constructor(parts: {
    writer: Connection;
    reader: ReadConnection;
    queue: WriteQueue;
    clock: Clock;
    waker: InboxWaker;
    turns: FairTurns;
    matcher: TypeMatcher;
  }) {
    this.#queue = parts.queue;
    this.#clock = parts.clock;
    this.#waker = parts.waker;
    this.#matcher = parts.matcher;
    this.#leaser = new MessageLeaser(parts);
    this.#available = new AvailableMessages(parts);
  }

  /** A failing step keeps what earlier steps leased. */
  async lease(inbox: Inbox, request: LeaseRequest): Promise<Lease | undefined> {
    const until = addMs(this.#clock.now(), request.leaseMs);
    const types = new LeaseTypes(this.#matcher, inbox, request.eventTypes);
    const messages: InboxMessage[] = [];
    let bytes = request.maxBytes ?? MAX_PAGE_BYTES;
    let moreRows = true;
    for (let more = true; more; ) {
      try {
        const room = { messages: request.limit - messages.length, bytes };
        const candidates = moreRows ? await this.#candidates(inbox, request.eventTypes, room.messages) : [];
        const step = await this.#step(inbox, request, { until, types, candidates, room });
        messages.push(...step.messages);
        bytes -= step.bytes;
        ({ more, moreRows } = step);
        if (more && step.unknownTypes.length > 0) await types.learn(step.unknownTypes);
      } catch (error) {
        if (messages.length === 0) throw error;
        more = false;
      }
    }
    return messages.length === 0 ? undefined : { id: request.leaseId, until, messages };
  }

  #step(
    inbox: Inbox,
    request: LeaseRequest,
    { until, ...plan }: Parameters<MessageLeaser['leaseStep']>[3] & { readonly until: Lease['until'] },
  ) {
    return this.#queue.submitLong(inbox.organizationId, (effects) =>
      this.#leaser.leaseStep(inbox, request, until, plan, effects),
    );
  }

  /** Finds wanted messages that have a row, for a lease with a type filter. */
  async #candidates(inbox: Inbox, eventTypes: readonly string[], left: number): Promise<LeasePlan['candidates']> {
    if (eventTypes.length === 0) return null;
    await this.#waker.wakeAll(inbox);
    return this.#available.oldest(inbox, eventTypes, Math.min(left, MAX_LEASED));
  }
}
