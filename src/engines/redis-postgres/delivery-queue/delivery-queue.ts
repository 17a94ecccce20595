import type { DeliveryId, EndpointId } from '../../../core/ids.ts';
import { Listeners } from '../../../core/listeners.ts';
import { addMs, type Timestamp, timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type {
  ClaimedLane,
  DeliveryQueue,
  LaneDemand,
  QueueDepth,
  ReleasedDelivery,
  Settlement,
  SettleOutcome,
} from '../../../ports/record/delivery-queue.ts';
import type { ClaimedMembers, DeliveryLanes } from './delivery-lanes.ts';
import type { DeliveryRecord, LeaseAnswer } from './delivery-record.ts';
import type { DueDelivery, EndedHead, OrderingGroups } from './ordering-groups.ts';

const MAX_COUNTED_WAITING = 10_001;

/**
 * Lanes in Redis say which delivery to look at; the record in PostgreSQL says whether it may be tried, and counts the
 * attempts. A lane that was lost, or that says too much, costs a look and nothing else.
 */
export class RedisPostgresDeliveryQueue implements DeliveryQueue {
  readonly #lanes: DeliveryLanes;
  readonly #record: DeliveryRecord;
  readonly #groups: OrderingGroups;
  readonly #clock: Clock;
  readonly #announced = new Listeners<readonly EndpointId[]>();

  constructor(parts: { lanes: DeliveryLanes; record: DeliveryRecord; turns: OrderingGroups; clock: Clock }) {
    this.#lanes = parts.lanes;
    this.#record = parts.record;
    this.#groups = parts.turns;
    this.#clock = parts.clock;
  }

  async claim(demands: readonly LaneDemand[]): Promise<ClaimedLane[]> {
    const now = this.#clock.now();
    const lanes = await this.#lanes.claim(demands, now);
    const wanted = lanes.flatMap(({ claimed }, at) => {
      const leasedUntil = addMs(now, demands[at]?.leaseMs ?? 0);
      return claimed.map(({ deliveryId }) => ({ deliveryId, leasedUntil }));
    });
    if (wanted.length === 0)
      return lanes.map(({ endpointId, nextDueAt }) => ({ endpointId, nextDueAt, deliveries: [] }));
    const answers = await this.#lease(wanted, now, lanes);
    let next = 0;
    return lanes.map(({ endpointId, claimed, nextDueAt }) => {
      const deliveries = claimed.map(() => answers[next++]).filter((answer) => answer?.kind === 'taken');
      return { endpointId, nextDueAt, deliveries: deliveries.map(({ delivery }) => delivery) };
    });
  }

  async #lease(
    wanted: readonly { readonly deliveryId: DeliveryId; readonly leasedUntil: Timestamp }[],
    now: Timestamp,
    lanes: readonly ClaimedMembers[],
  ): Promise<readonly LeaseAnswer[]> {
    let answers: readonly LeaseAnswer[];
    try {
      answers = await this.#record.lease(wanted, now);
    } catch (error) {
      await this.#undoClaim(wanted, lanes);
      throw error;
    }
    await this.#correctLanes(wanted, answers, lanes);
    const gone = wanted.filter((_, at) => answers[at]?.kind === 'gone').map(({ deliveryId }) => deliveryId);
    if (gone.length > 0) await this.#endOrphans(gone, now).catch(() => {});
    return answers;
  }

  /** Without it they would come again when the lease in the lane ends: this is only sooner. */
  async #undoClaim(
    wanted: readonly { readonly deliveryId: DeliveryId; readonly leasedUntil: Timestamp }[],
    lanes: readonly ClaimedMembers[],
  ): Promise<void> {
    const members = lanes.flatMap(({ endpointId, claimed }) => claimed.map((member) => ({ endpointId, ...member })));
    const items = members.flatMap((member, at) => {
      const leasedUntil = wanted[at]?.leasedUntil;
      return leasedUntil === undefined ? [] : [{ ...member, leasedUntil }];
    });
    await this.#lanes.undoClaim(items).catch(() => {});
  }

  /** Of what the record did not give, some may wait for an event that was erased: nothing else would ever end them. */
  async #endOrphans(ids: readonly DeliveryId[], now: Timestamp): Promise<void> {
    const ended = await this.#record.endOrphans(ids, now);
    const turns = ended.flatMap(({ orderingGroup, ...rest }) =>
      orderingGroup === null ? [] : [{ ...rest, orderingGroup, blocks: false }],
    );
    if (turns.length > 0) await this.advanceGroups(turns);
  }

  /** Members that the record knew better: done, or due at another time. */
  async #correctLanes(
    wanted: readonly { readonly deliveryId: DeliveryId; readonly leasedUntil: Timestamp }[],
    answers: readonly LeaseAnswer[],
    lanes: readonly ClaimedMembers[],
  ): Promise<void> {
    const endpointIds = lanes.flatMap(({ endpointId, claimed }) => claimed.map(() => endpointId));
    const wrong = answers.flatMap((answer, at) => {
      const [item, endpointId] = [wanted[at], endpointIds[at]];
      if (answer.kind === 'taken' || item === undefined || endpointId === undefined) return [];
      const dueAt = answer.kind === 'later' ? answer.at : null;
      return [{ endpointId, deliveryId: item.deliveryId, dueAt, fence: item.leasedUntil }];
    });
    if (wrong.length > 0) await this.#lanes.settle(wrong).catch(() => {});
  }

  /** The record decides; a lane that can't be told comes up again at the end of the lease, and is told then. */
  async settle(settlements: readonly Settlement[]): Promise<SettleOutcome[]> {
    const settled = await this.#record.settle(settlements, this.#clock.now());
    const moves = settlements.flatMap(({ deliveryId }, at) => {
      const known = settled[at];
      return known === undefined ? [] : [{ ...known, deliveryId, fence: null }];
    });
    if (moves.length > 0) await this.#lanes.settle(moves).catch(() => {});
    const again = moves.filter(({ dueAt }) => dueAt === 0);
    const ended = settlements.flatMap(({ deliveryId, next }, at) => {
      const { endpointId, orderingGroup, dueAt } = settled[at] ?? { dueAt: null, orderingGroup: null };
      if (endpointId === undefined || orderingGroup === null || dueAt !== null) return [];
      return [{ endpointId, orderingGroup, deliveryId, blocks: 'blocksOrder' in next && next.blocksOrder === true }];
    });
    // Where this fails the attempts are on record all the same: the reconciler passes the turns on.
    if (ended.length > 0) await this.advanceGroups(ended).catch(() => {});
    if (again.length > 0) this.announceDue(again.map(({ endpointId }) => endpointId));
    return settled.map((known) => (known === undefined ? 'stale' : 'settled'));
  }

  /** Those behind deliveries that are done are due. @returns how many */
  async advanceGroups(ended: readonly EndedHead[]): Promise<number> {
    const next = await this.#groups.advance(ended);
    await this.enqueue(next.map((member) => ({ ...member, dueAt: timestamp(0) })));
    return next.length;
  }

  async unblock(endpointId: EndpointId, limit: number): Promise<number> {
    const blocked = await this.#groups.unblock(endpointId, limit);
    await this.advanceGroups(blocked);
    return blocked.length;
  }

  /** They are due then, in the record already. */
  async enqueue(due: readonly (DueDelivery & { readonly dueAt: Timestamp })[]): Promise<void> {
    if (due.length === 0) return;
    await this.#lanes.enqueue(due);
    this.announceDue(due.map(({ endpointId }) => endpointId));
  }

  /** They are due at once, in the record already; in their lane they may be due later. */
  async scheduleNow(due: readonly DueDelivery[]): Promise<void> {
    const items = due.map((member) => ({ ...member, dueAt: timestamp(0) }));
    await this.enqueue(items);
    if (items.length > 0) await this.#lanes.requeue(items);
  }

  async release(returned: readonly ReleasedDelivery[]): Promise<void> {
    const endpoints = await this.#record.release(returned, this.#clock.now());
    const items = returned.flatMap(({ deliveryId, dueAt }, at) => {
      const endpointId = endpoints[at]?.endpointId;
      return endpointId === undefined ? [] : [{ endpointId, deliveryId, dueAt }];
    });
    if (items.length === 0) return;
    await this.#lanes.requeue(items).catch(() => {});
    this.announceDue(items.map(({ endpointId }) => endpointId));
  }

  async waitingLanes(): Promise<{ readonly endpointId: EndpointId; readonly nextDueAt: Timestamp }[]> {
    return [...(await this.#lanes.waitingLanes())];
  }

  /** Events are accepted by other processes, and delivered by any of several. */
  claimOnAccept(): () => void {
    return () => {};
  }

  onDue(listener: (endpointIds: readonly EndpointId[]) => void): () => void {
    const ends = [this.#lanes.onDue(listener), this.#announced.add(listener)];
    return () => {
      for (const end of ends) end();
    };
  }

  /** News of this process itself. */
  announceDue(endpointIds: readonly EndpointId[]): void {
    this.#announced.call([...new Set(endpointIds)]);
  }

  async depth(): Promise<QueueDepth> {
    const now = this.#clock.now();
    const [waiting, oldestDueAt, retriesDue] = await Promise.all([
      this.#lanes.waiting(),
      this.#lanes.oldestDue(now),
      this.#lanes.retriesDue(now),
    ]);
    const atMost = (count: number) => Math.min(count, MAX_COUNTED_WAITING);
    return { waiting: atMost(waiting), retriesDue: atMost(retriesDue), oldestDueAt };
  }
}
