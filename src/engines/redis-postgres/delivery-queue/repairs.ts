import type { DeliveryId, EventId } from '../../../core/ids.ts';
import { addMs, type Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Repair } from '../../../ports/record/repair.ts';
import { DEDUP_MARKS_COMPLETE, type DedupMarks } from '../intake/index.ts';
import { CompletenessMark, type Redis } from '../redis/index.ts';
import { type DeliveryLanes, LANES_COMPLETE } from './delivery-lanes.ts';
import type { RedisPostgresDeliveryQueue } from './delivery-queue.ts';
import type { DeliveryRecord } from './delivery-record.ts';
import type { OrderingGroups } from './ordering-groups.ts';

/** Rows per step: a few milliseconds of either server. */
const STEP = 1_000;

/** Restores deliveries that are unfinished on record and in no lane. */
export class DeliveryRepair implements Repair {
  readonly name = 'deliveries';
  readonly continuous = true;
  readonly #mark: CompletenessMark;
  readonly #lanes: DeliveryLanes;
  readonly #record: DeliveryRecord;

  constructor(parts: { redis: Redis; lanes: DeliveryLanes; record: DeliveryRecord }) {
    this.#mark = new CompletenessMark(parts.redis, LANES_COMPLETE);
    this.#lanes = parts.lanes;
    this.#record = parts.record;
  }

  async isNeeded(): Promise<boolean> {
    return !(await this.#mark.isSet());
  }

  async step(after: string | null): Promise<{ readonly after: string | null; readonly repaired: number }> {
    if (after === null) await this.#mark.begin();
    const waiting = await this.#record.waitingStep({ after: after as DeliveryId | null, limit: STEP });
    const items = waiting.flatMap(({ at, ...member }) => (at === null ? [] : [{ ...member, dueAt: at }]));
    const repaired = await this.#lanes.enqueue(items);
    return { after: waiting.length < STEP ? null : (waiting.at(-1)?.deliveryId ?? null), repaired };
  }

  complete(): Promise<void> {
    return this.#mark.complete();
  }
}

/**
 * Restores the dedup marks of the window, newest first. Until they are restored, a repeated dedup id may become a
 * second event.
 */
export class DedupRepair implements Repair {
  readonly name = 'dedup marks';
  readonly continuous = false;
  readonly #mark: CompletenessMark;
  readonly #marks: DedupMarks;
  readonly #record: DeliveryRecord;
  readonly #clock: Clock;
  readonly #windowMs: Milliseconds;

  constructor(parts: {
    redis: Redis;
    marks: DedupMarks;
    record: DeliveryRecord;
    clock: Clock;
    windowMs: Milliseconds;
  }) {
    this.#mark = new CompletenessMark(parts.redis, DEDUP_MARKS_COMPLETE);
    this.#marks = parts.marks;
    this.#record = parts.record;
    this.#clock = parts.clock;
    this.#windowMs = parts.windowMs;
  }

  async isNeeded(): Promise<boolean> {
    return !(await this.#mark.isSet());
  }

  async step(after: string | null): Promise<{ readonly after: string | null; readonly repaired: number }> {
    if (after === null) await this.#mark.begin();
    const since = addMs(this.#clock.now(), -this.#windowMs);
    const events = await this.#record.dedupStep({ after: after as EventId | null, since, limit: STEP });
    await this.#marks.restore(events.map((event) => ({ ...event, expiresAt: addMs(event.createdAt, this.#windowMs) })));
    return { after: events.length < STEP ? null : (events.at(-1)?.eventId ?? null), repaired: events.length };
  }

  complete(): Promise<void> {
    return this.#mark.complete();
  }
}

/** Advances ordering groups that were not advanced because a deliverer died after settling the head. */
export class OrderingRepair implements Repair {
  readonly name = 'ordering groups';
  readonly continuous = true;
  readonly #groups: OrderingGroups;
  readonly #queue: RedisPostgresDeliveryQueue;

  constructor(parts: { groups: OrderingGroups; queue: RedisPostgresDeliveryQueue }) {
    this.#groups = parts.groups;
    this.#queue = parts.queue;
  }

  /** Ordering groups are on record, which loses nothing. */
  async isNeeded(): Promise<boolean> {
    return false;
  }

  async step(after: string | null): Promise<{ readonly after: string | null; readonly repaired: number }> {
    const from = after === null ? null : (JSON.parse(after) as { endpointId: string; orderingGroup: string });
    const { stale, last, scanned } = await this.#groups.staleStep(from, STEP);
    const repaired = await this.#queue.advanceGroups(stale);
    if (scanned < STEP || last === undefined) return { after: null, repaired };
    return { after: JSON.stringify({ endpointId: last.endpointId, orderingGroup: last.orderingGroup }), repaired };
  }

  async complete(): Promise<void> {}
}
