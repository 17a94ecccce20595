import type { DeliveryStatus } from '../../../core/delivery/delivery.ts';
import { type DeliveryId, type EndpointId, firstIdAt, type OrganizationId } from '../../../core/ids.ts';
import { MAX_FURTHER_SENDS } from '../../../core/limits.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { AddedDelivery, DeliverySearch, FoundDelivery, Redelivery } from '../../../ports/record/redelivery.ts';
import { type Row, text, textOrNull } from '../../rows/row.ts';
import type { Connection, ReadConnection } from '../database/index.ts';
import type { WriteEffects, WriteQueue } from '../write-queue/index.ts';
import { OrderingGroups } from './ordering-groups.ts';

/** Above every id. */
const HIGHEST_ID = 'g';

export class SqliteRedelivery implements Redelivery {
  readonly #queue: WriteQueue;
  readonly #reader: ReadConnection;
  readonly #clock: Clock;
  readonly #groups: OrderingGroups;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; reader: ReadConnection; queue: WriteQueue; clock: Clock }) {
    this.#queue = args.queue;
    this.#reader = args.reader;
    this.#clock = args.clock;
    this.#groups = new OrderingGroups(args.writer);
    this.#statements = prepare(args.writer, args.reader);
  }

  retry(organizationId: OrganizationId, ids: readonly DeliveryId[], statuses: readonly DeliveryStatus[] | null) {
    return this.#queue.submitLong(organizationId, (effects) => {
      let retried = 0;
      for (const id of ids) {
        const row = this.#statements.state.get(organizationId, id);
        if (row === undefined || statuses?.includes(text(row, 'status')) === false) continue;
        this.#retryOne(id, row, effects);
        retried++;
      }
      return retried;
    });
  }

  #retryOne(id: DeliveryId, row: Row, effects: WriteEffects): void {
    const endpointId = text<EndpointId>(row, 'endpoint_id');
    const status = text<DeliveryStatus>(row, 'status');
    if (status === 'retrying' && row['leased_until'] === null) {
      this.#statements.scheduleNow.run(id);
    } else if (status === 'pending' || status === 'retrying') {
      this.#statements.sendOnceMore.run(id, MAX_FURTHER_SENDS);
    } else {
      const isDue = this.#becomesHead(id, endpointId, textOrNull(row, 'order_group'));
      this.#statements.requeue.run(id, isDue ? 0 : null, this.#clock.now());
      effects.waiting++;
    }
    effects.dueEndpoints.add(endpointId);
  }

  /** @returns whether the delivery is the head of its group and so due; a head that blocks its group is unblocked */
  #becomesHead(deliveryId: DeliveryId, endpointId: EndpointId, orderingGroup: string | null): boolean {
    if (orderingGroup === null || this.#groups.enter({ endpointId, orderingGroup, deliveryId })) return true;
    if (this.#groups.head(endpointId, orderingGroup)?.id !== deliveryId) return false;
    this.#groups.retryHead({ endpointId, orderingGroup, deliveryId });
    return true;
  }

  scheduleNow(organizationId: OrganizationId, ids: readonly DeliveryId[]): Promise<number> {
    return this.#queue.submitLong(organizationId, (effects) => {
      const rows = ids.flatMap((id) => this.#statements.scheduleWaitingNow.all(organizationId, id));
      for (const row of rows) effects.dueEndpoints.add(text<EndpointId>(row, 'endpoint_id'));
      return rows.length;
    });
  }

  cancel(organizationId: OrganizationId, id: DeliveryId): Promise<'canceled' | 'final' | undefined> {
    return this.#queue.submitLong(organizationId, (effects) => {
      const row = this.#statements.state.get(organizationId, id);
      if (row === undefined) return undefined;
      const endpointId = text<EndpointId>(row, 'endpoint_id');
      const orderingGroup = textOrNull(row, 'order_group');
      const holder = orderingGroup === null ? undefined : this.#groups.head(endpointId, orderingGroup);
      const waits = row['status'] === 'pending' || row['status'] === 'retrying';
      if (!waits && !(holder?.id === id && holder.blocked)) return 'final';
      this.#statements.cancel.run(id, this.#clock.now());
      if (waits) effects.waiting--;
      if (orderingGroup !== null) this.#groups.advance({ endpointId, orderingGroup, deliveryId: id }, effects);
      return 'canceled';
    });
  }

  async add(deliveries: readonly AddedDelivery[]): Promise<number> {
    const [first] = deliveries;
    if (first === undefined) return 0;
    return this.#queue.submitLong(first.organizationId, (effects) => {
      const now = this.#clock.now();
      let added = 0;
      for (const { id, organizationId, eventId, eventType, endpointId, orderingGroup, dueAt } of deliveries) {
        if (this.#statements.state.get(organizationId, id) !== undefined) continue;
        // The event was erased since: a delivery without an event would never end.
        if (this.#statements.hasEvent.get(organizationId, eventId) === undefined) continue;
        const isDue = orderingGroup === null || this.#groups.enter({ endpointId, orderingGroup, deliveryId: id });
        const head = [id, organizationId, eventId, endpointId, eventType, 'pending'] as const;
        this.#statements.add.run(...head, isDue ? dueAt : null, now, orderingGroup, 'replay');
        effects.waiting++;
        effects.dueEndpoints.add(endpointId);
        added++;
      }
      return added;
    });
  }

  find(query: DeliverySearch): Promise<readonly FoundDelivery[]> {
    const { organizationId, status, endpointId, limit } = query;
    const from = query.from === null ? '' : firstIdAt(query.from);
    const after = query.after !== null && query.after > from ? query.after : from;
    const before = query.to === null ? HIGHEST_ID : firstIdAt(query.to);
    const { oldest, oldestOfEndpoint } = this.#statements;
    return this.#reader.read(() =>
      (endpointId === null
        ? oldest.all(organizationId, status, after, before, limit)
        : oldestOfEndpoint.all(organizationId, endpointId, status, after, before, limit)
      ).map((row) => ({
        id: text(row, 'id'),
        eventId: text(row, 'event_id'),
        eventType: text(row, 'event_type'),
        endpointId: text(row, 'endpoint_id'),
      })),
    );
  }
}

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    state: writer.prepare('get-delivery-state'),
    requeue: writer.prepare('requeue-delivery'),
    scheduleNow: writer.prepare('schedule-delivery-now'),
    scheduleWaitingNow: writer.prepare('schedule-waiting-now'),
    sendOnceMore: writer.prepare('send-once-more'),
    cancel: writer.prepare('cancel-delivery'),
    add: writer.prepare('accept-delivery'),
    hasEvent: writer.prepare('has-event'),
    oldest: reader.prepare('oldest-deliveries'),
    oldestOfEndpoint: reader.prepare('oldest-deliveries-of-endpoint'),
  };
}
