import type { DeliveryStatus } from '../../../core/delivery/delivery.ts';
import { type DeliveryId, type EndpointId, isUuid, type OrganizationId } from '../../../core/ids.ts';
import { MAX_FURTHER_SENDS } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { AddedDelivery, DeliverySearch, FoundDelivery, Redelivery } from '../../../ports/record/redelivery.ts';
import { number, numberOrNull, text, textOrNull } from '../../rows/row.ts';
import { type Database, HIGHEST_ID, LOWEST_ID, lowestIdAt, type Partitions } from '../database/index.ts';
import type { DeliveryLanes } from './delivery-lanes.ts';
import type { RedisPostgresDeliveryQueue } from './delivery-queue.ts';

/** Redelivery requests are written to the record first; if the lanes cannot be updated, the reconciler updates them. */
export class RedisPostgresRedelivery implements Redelivery {
  readonly #database: Database;
  readonly #partitions: Partitions;
  readonly #queue: RedisPostgresDeliveryQueue;
  readonly #lanes: DeliveryLanes;
  readonly #clock: Clock;

  constructor(parts: {
    database: Database;
    partitions: Partitions;
    queue: RedisPostgresDeliveryQueue;
    lanes: DeliveryLanes;
    clock: Clock;
  }) {
    this.#database = parts.database;
    this.#partitions = parts.partitions;
    this.#queue = parts.queue;
    this.#lanes = parts.lanes;
    this.#clock = parts.clock;
  }

  async retry(
    organizationId: OrganizationId,
    ids: readonly DeliveryId[],
    statuses: readonly DeliveryStatus[] | null,
  ): Promise<number> {
    const wanted = [...new Set(ids.filter(isUuid))];
    const parameters = [organizationId, wanted, statuses, this.#clock.now(), MAX_FURTHER_SENDS];
    const rows = await this.#database.query('retry-deliveries', parameters);
    const due = rows.flatMap((row) => {
      const deliveryId = textOrNull<DeliveryId>(row, 'delivery_id');
      return deliveryId === null ? [] : [{ deliveryId, endpointId: text<EndpointId>(row, 'endpoint_id') }];
    });
    await this.#queue.scheduleNow(due).catch(() => {});
    return number(rows[0] ?? {}, 'retried');
  }

  async scheduleNow(organizationId: OrganizationId, ids: readonly DeliveryId[]): Promise<number> {
    const wanted = ids.filter(isUuid).toSorted();
    const bounds = [wanted[0] ?? HIGHEST_ID, wanted.at(-1) ?? LOWEST_ID];
    const rows = await this.#database.query('schedule-waiting-now', [organizationId, wanted, ...bounds]);
    const due = rows.map((row) => ({
      deliveryId: text<DeliveryId>(row, 'delivery_id'),
      endpointId: text<EndpointId>(row, 'endpoint_id'),
    }));
    await this.#queue.scheduleNow(due).catch(() => {});
    return rows.length;
  }

  async cancel(organizationId: OrganizationId, id: DeliveryId): Promise<'canceled' | 'final' | undefined> {
    if (!isUuid(id)) return undefined;
    const [row] = await this.#database.query('cancel-delivery', [organizationId, id, this.#clock.now()]);
    if (row === undefined) return undefined;
    if (row['canceled'] !== true) return 'final';
    const endpointId = text<EndpointId>(row, 'endpoint_id');
    const orderingGroup = textOrNull(row, 'order_group');
    await this.#lanes.remove(endpointId, [id]).catch(() => {});
    if (orderingGroup !== null) {
      await this.#queue.advanceGroups([{ endpointId, orderingGroup, deliveryId: id, blocks: false }]).catch(() => {});
    }
    return 'canceled';
  }

  async add(deliveries: readonly AddedDelivery[]): Promise<number> {
    if (deliveries.length === 0) return 0;
    await this.#partitions.ensure(deliveries.map(({ id }) => id));
    const rows = await this.#database.query('add-deliveries', [
      deliveries.map(({ id }) => id),
      deliveries.map(({ organizationId }) => organizationId),
      deliveries.map(({ eventId }) => eventId),
      deliveries.map(({ eventType }) => eventType),
      deliveries.map(({ endpointId }) => endpointId),
      deliveries.map(({ orderingGroup }) => orderingGroup),
      deliveries.map(({ dueAt }) => dueAt),
      this.#clock.now(),
    ]);
    const due = rows.flatMap((row) => {
      const dueAt = numberOrNull<Timestamp>(row, 'at');
      return dueAt === null
        ? []
        : [
            {
              deliveryId: text<DeliveryId>(row, 'delivery_id'),
              endpointId: text<EndpointId>(row, 'endpoint_id'),
              dueAt,
            },
          ];
    });
    await this.#queue.enqueue(due).catch(() => {});
    return rows.length;
  }

  async find(query: DeliverySearch): Promise<readonly FoundDelivery[]> {
    const { organizationId, status, endpointId, limit } = query;
    if (endpointId !== null && !isUuid(endpointId)) return [];
    const from = query.from === null ? LOWEST_ID : lowestIdAt(query.from);
    const after = query.after !== null && query.after > from ? query.after : from;
    const before = query.to === null ? HIGHEST_ID : lowestIdAt(query.to);
    const rows = await this.#database.query(
      endpointId === null ? 'oldest-deliveries' : 'oldest-deliveries-of-endpoint',
      [organizationId, ...(endpointId === null ? [] : [endpointId]), status, after, before, limit],
      { idempotent: true },
    );
    return rows.map((row) => ({
      id: text(row, 'id'),
      eventId: text(row, 'event_id'),
      eventType: text(row, 'event_type'),
      endpointId: text(row, 'endpoint_id'),
    }));
  }
}
