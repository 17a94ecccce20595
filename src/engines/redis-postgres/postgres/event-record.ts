import type { DeliveryId, EndpointId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import { RecordRefused, type RoutedEvent } from '../../../ports/event-record.ts';
import type { Database } from './database.ts';
import { StatementRefused } from './errors.ts';
import type { Partitions } from './partitions.ts';
import { number, type Row, text } from './row.ts';

/** No partition for a row: somebody has dropped the day. */
const NO_PARTITION = '23514';

/** A delivery that waits for a taker or is in an attempt. */
export interface UnfinishedDelivery {
  readonly deliveryId: DeliveryId;
  readonly endpointId: EndpointId;
  /** When it is due (0 = at once), or when its lease ends. */
  readonly at: Timestamp;
}

/** Writes events with their deliveries: one round trip a batch, each event once. */
export class EventRecord {
  readonly #database: Database;
  readonly #partitions: Partitions;

  constructor(parts: { database: Database; partitions: Partitions }) {
    this.#database = parts.database;
    this.#partitions = parts.partitions;
  }

  /**
   * @returns every unfinished delivery of these events, those included that were on record before
   * @throws RecordRefused when one of them can never be written
   */
  async persist(batch: readonly RoutedEvent[]): Promise<readonly UnfinishedDelivery[]> {
    const events = eachOnce(batch);
    if (events.length === 0) return [];
    const parameters = columns(events);
    try {
      await this.#ensurePartitions(events);
      return await this.#write(parameters);
    } catch (error) {
      if (!(error instanceof StatementRefused)) throw error;
      if (error.code !== NO_PARTITION) throw new RecordRefused(error.message);
    }
    this.#partitions.forget();
    await this.#ensurePartitions(events);
    return this.#write(parameters);
  }

  #ensurePartitions(events: readonly RoutedEvent[]): Promise<void> {
    return this.#partitions.ensure(
      events.flatMap(({ event, deliveries }) => [event.id, ...deliveries.map(({ id }) => id)]),
    );
  }

  async #write(parameters: readonly unknown[]): Promise<readonly UnfinishedDelivery[]> {
    // Written twice it is there once: a cut connection costs a second look.
    const rows = await this.#database.query('persist-events', parameters, { idempotent: true });
    return rows.map(unfinishedFromRow);
  }
}

function unfinishedFromRow(row: Row): UnfinishedDelivery {
  return { deliveryId: text(row, 'delivery_id'), endpointId: text(row, 'endpoint_id'), at: number(row, 'at') };
}

/** In the order of their ids, in which everybody writes them: no deadlocks. Of one that comes twice the first counts. */
function eachOnce(batch: readonly RoutedEvent[]): RoutedEvent[] {
  const byId = new Map<string, RoutedEvent>();
  for (const routed of batch) if (!byId.has(routed.event.id)) byId.set(routed.event.id, routed);
  return [...byId.values()].sort((a, b) => (a.event.id < b.event.id ? -1 : 1));
}

function columns(events: readonly RoutedEvent[]): unknown[] {
  const of = <Value>(value: (event: RoutedEvent['event']) => Value): Value[] => events.map(({ event }) => value(event));
  const deliveries = events.flatMap(({ deliveries }, at) =>
    deliveries.map((delivery) => ({ ...delivery, place: at + 1 })),
  );
  return [
    of(({ id }) => id),
    of(({ organizationId }) => organizationId),
    of(({ type }) => type),
    of(({ data }) => data),
    of(({ dedupId }) => dedupId),
    of(({ orderingKey }) => orderingKey),
    of(({ deliverAt }) => deliverAt),
    of(({ createdAt }) => createdAt),
    of(({ traceparent }) => traceparent),
    of(({ hops }) => hops),
    deliveries.map(({ id }) => id),
    deliveries.map(({ place }) => place),
    deliveries.map(({ endpointId }) => endpointId),
    deliveries.map(({ status }) => status),
  ];
}
