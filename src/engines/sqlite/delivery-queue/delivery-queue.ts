import type { EndpointId } from '../../../core/ids.ts';
import { type Timestamp, timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type {
  AcceptClaimer,
  ClaimedLane,
  DeliveryQueue,
  LaneDemand,
  QueueDepth,
  ReleasedDelivery,
  Settlement,
  SettleOutcome,
} from '../../../ports/record/delivery-queue.ts';
import { number, numberOrNull, text, textOrNull } from '../../rows/row.ts';
import type { Connection, ReadConnection } from '../database/index.ts';
import type { CommittedState, WriteEffects, WriteQueue } from '../write-queue/index.ts';
import { LaneClaims } from './claim-lanes.ts';
import { OrderingGroups } from './ordering-groups.ts';

/** Counting stops here; the health page needs no more. */
const MAX_COUNTED_WAITING = 10_001;
/** Lanes scanned for the oldest delivery; a few ms. */
const MAX_SCANNED_LANES = 1_000;

/**
 * The delivery queue in SQLite. Claims and settlements are answered at the commit, before they are on disk: no client
 * was promised anything, and what a power cut takes back is sent again, as after any crash. A killed process loses none
 * of them.
 */
export class SqliteDeliveryQueue implements DeliveryQueue {
  readonly #queue: WriteQueue;
  readonly #state: CommittedState;
  readonly #clock: Clock;
  readonly #claims: LaneClaims;
  readonly #groups: OrderingGroups;
  readonly #reader: ReadConnection;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: {
    writer: Connection;
    reader: ReadConnection;
    queue: WriteQueue;
    state: CommittedState;
    clock: Clock;
  }) {
    this.#queue = args.queue;
    this.#state = args.state;
    this.#clock = args.clock;
    this.#claims = new LaneClaims(args.writer, args.clock);
    this.#groups = new OrderingGroups(args.writer);
    this.#reader = args.reader;
    this.#statements = prepare(args.writer, args.reader);
  }

  claim(demands: readonly LaneDemand[]): Promise<ClaimedLane[]> {
    return this.#queue.submit((effects) => this.#claims.claim(demands, this.#clock.now(), effects), 'committed');
  }

  settle(settlements: readonly Settlement[]): Promise<SettleOutcome[]> {
    return this.#queue.submit(
      (effects) => settlements.map((settlement) => this.#settleOne(settlement, effects)),
      'committed',
    );
  }

  #settleOne({ deliveryId, attemptNumber, attempt, next }: Settlement, effects: WriteEffects): SettleOutcome {
    const { settle, addAttempt } = this.#statements;
    const dueAt = next.status === 'retrying' ? next.dueAt : null;
    // An attempt that this process interrupted is not the receiver's failure.
    const failed = attempt.error === null || attempt.error === 'interrupted' ? 0 : 1;
    const { statusCode, error } = attempt;
    const now = this.#clock.now();
    const row = settle.get(deliveryId, attemptNumber, next.status, dueAt, failed, statusCode, error, now);
    if (row === undefined) return 'stale';
    addAttempt.run(
      deliveryId,
      attempt.number,
      attempt.startedAt,
      attempt.durationMs,
      statusCode,
      error,
      attempt.responseExcerpt,
      attempt.errorDetail,
    );
    if (next.status === 'retrying') return 'settled';
    const endpointId = text<EndpointId>(row, 'endpoint_id');
    if (row['due_at'] !== null) {
      effects.dueEndpoints.add(endpointId);
      return 'settled';
    }
    effects.waiting--;
    const orderingGroup = textOrNull(row, 'order_group');
    if (orderingGroup === null) return 'settled';
    const ordered = { endpointId, orderingGroup, deliveryId };
    if (next.blocksOrder === true) this.#groups.block(ordered);
    else this.#groups.advance(ordered, effects);
    return 'settled';
  }

  release(released: readonly ReleasedDelivery[]): Promise<void> {
    return this.#queue.submit((effects) => {
      const now = this.#clock.now();
      for (const { deliveryId, attemptNumber, dueAt } of released) {
        const row = this.#statements.release.get(deliveryId, attemptNumber, dueAt, now);
        if (row !== undefined) effects.dueEndpoints.add(text<EndpointId>(row, 'endpoint_id'));
      }
    });
  }

  unblock(endpointId: EndpointId, limit: number): Promise<number> {
    return this.#queue.submit((effects) => this.#groups.unblock(endpointId, limit, effects));
  }

  waitingLanes(): Promise<{ readonly endpointId: EndpointId; readonly nextDueAt: Timestamp }[]> {
    return this.#reader.read(() =>
      this.#statements.lanes.all().map((row) => ({
        endpointId: text<EndpointId>(row, 'endpoint_id'),
        nextDueAt: timestamp(
          Math.min(numberOrNull(row, 'due_at') ?? Infinity, numberOrNull(row, 'leased_until') ?? Infinity),
        ),
      })),
    );
  }

  onDue(listener: (endpointIds: readonly EndpointId[]) => void): () => void {
    return this.#state.due.add(listener);
  }

  claimOnAccept(claimer: AcceptClaimer): () => void {
    this.#state.acceptClaimer = claimer;
    return () => {
      this.#state.acceptClaimer = undefined;
    };
  }

  depth(): Promise<QueueDepth> {
    return this.#reader.read(() => {
      const row = this.#statements.dueNow.get(this.#clock.now(), MAX_SCANNED_LANES, MAX_COUNTED_WAITING) ?? {};
      return {
        waiting: Math.min(this.#state.waiting, MAX_COUNTED_WAITING),
        retriesDue: number(row, 'retries'),
        oldestDueAt: numberOrNull(row, 'oldest_at'),
      };
    });
  }
}

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    settle: writer.prepare('settle-delivery'),
    addAttempt: writer.prepare('add-attempt'),
    release: writer.prepare('release-delivery'),
    lanes: reader.prepare('waiting-lanes'),
    dueNow: reader.prepare('due-now'),
  };
}
