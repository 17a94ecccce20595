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
 * The delivery queue over Redis and PostgreSQL. Lanes in Redis suggest which deliveries to claim; the record in
 * PostgreSQL decides whether one may be attempted, and counts attempts. A lost or wrong lane entry costs one lookup and
 * nothing else.
 */
export class RedisPostgresDeliveryQueue implements DeliveryQueue {
  readonly #lanes: DeliveryLanes;
  readonly #record: DeliveryRecord;
  readonly #groups: OrderingGroups;
  readonly #clock: Clock;
  readonly #announced = new Listeners<readonly EndpointId[]>();

  constructor(parts: { lanes: DeliveryLanes; record: DeliveryRecord; groups: OrderingGroups; clock: Clock }) {
    this.#lanes = parts.lanes;
    this.#record = parts.record;
    this.#groups = parts.groups;
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
      const deliveries = claimed.map(() => answers[next++]).filter((answer) => answer?.kind === 'leased');
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

  /** Undoes a claim in the lanes. Without it the members would become due when the lease ends, only later. */
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

  /** Ends deliveries whose event was erased; nothing else would ever end them. */
  async #endOrphans(ids: readonly DeliveryId[], now: Timestamp): Promise<void> {
    const ended = await this.#record.endOrphans(ids, now);
    const turns = ended.flatMap(({ orderingGroup, ...rest }) =>
      orderingGroup === null ? [] : [{ ...rest, orderingGroup, blocks: false }],
    );
    if (turns.length > 0) await this.advanceGroups(turns);
  }

  /** Corrects lane members that the record found final, or due at another time. */
  async #correctLanes(
    wanted: readonly { readonly deliveryId: DeliveryId; readonly leasedUntil: Timestamp }[],
    answers: readonly LeaseAnswer[],
    lanes: readonly ClaimedMembers[],
  ): Promise<void> {
    const endpointIds = lanes.flatMap(({ endpointId, claimed }) => claimed.map(() => endpointId));
    const wrong = answers.flatMap((answer, at) => {
      const [item, endpointId] = [wanted[at], endpointIds[at]];
      if (answer.kind === 'leased' || item === undefined || endpointId === undefined) return [];
      const dueAt = answer.kind === 'later' ? answer.at : null;
      return [{ endpointId, deliveryId: item.deliveryId, dueAt, fence: item.leasedUntil }];
    });
    if (wrong.length > 0) await this.#lanes.settle(wrong).catch(() => {});
  }

  /** Settles in the record. A lane that cannot be updated becomes due at the end of the lease and is corrected then. */
  async settle(settlements: readonly Settlement[]): Promise<SettleOutcome[]> {
    const settled = await this.#record.settle(settlements, this.#clock.now());
    const moves = settlements.flatMap(({ deliveryId }, at) => {
      const known = settled[at];
      return known === undefined ? [] : [{ ...known, deliveryId, fence: null }];
    });
    if (moves.length > 0) await this.#lanes.settle(moves).catch(() => {});
    const dueAgain = moves.filter(({ dueAt }) => dueAt === 0);
    const ended = settlements.flatMap(({ deliveryId, next }, at) => {
      const { endpointId, orderingGroup, dueAt } = settled[at] ?? { dueAt: null, orderingGroup: null };
      if (endpointId === undefined || orderingGroup === null || dueAt !== null) return [];
      return [{ endpointId, orderingGroup, deliveryId, blocks: 'blocksOrder' in next && next.blocksOrder === true }];
    });
    // If this fails, the attempts are recorded all the same, and the reconciler advances the groups.
    if (ended.length > 0) await this.advanceGroups(ended).catch(() => {});
    if (dueAgain.length > 0) this.announceDue(dueAgain.map(({ endpointId }) => endpointId));
    return settled.map((known) => (known === undefined ? 'stale' : 'settled'));
  }

  /** Makes the next delivery of each group due, after its head became final. @returns how many */
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

  /** Queues deliveries that are due at a time, as the record says. */
  async enqueue(due: readonly (DueDelivery & { readonly dueAt: Timestamp })[]): Promise<void> {
    if (due.length === 0) return;
    await this.#lanes.enqueue(due);
    this.announceDue(due.map(({ endpointId }) => endpointId));
  }

  /** Makes deliveries due now that the record says are due; their lane may say later. */
  async scheduleNow(due: readonly DueDelivery[]): Promise<void> {
    const items = due.map((member) => ({ ...member, dueAt: timestamp(0) }));
    await this.enqueue(items);
    if (items.length > 0) await this.#lanes.requeue(items);
  }

  async release(released: readonly ReleasedDelivery[]): Promise<void> {
    const endpoints = await this.#record.release(released, this.#clock.now());
    const items = released.flatMap(({ deliveryId, dueAt }, at) => {
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

  /** No claims on accept: other processes accept events, and any of several delivers them. */
  claimOnAccept(): () => void {
    return () => {};
  }

  onDue(listener: (endpointIds: readonly EndpointId[]) => void): () => void {
    const ends = [this.#lanes.onDue(listener), this.#announced.add(listener)];
    return () => {
      for (const end of ends) end();
    };
  }

  /** Notifies this process's own listeners of due lanes. */
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
