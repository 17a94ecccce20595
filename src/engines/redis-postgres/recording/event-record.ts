import { type DeliveryId, type EndpointId, isUuid, uuidv7Time } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import { RecordRefused, type RoutedEvent } from '../../../ports/record/event-record.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { number, type Row, text } from '../../rows/row.ts';
import {
  bigintArray,
  type Database,
  hasDay,
  integerArray,
  lowestDeliveryId,
  type Partitions,
  StatementRefused,
  textArray,
  uuidArray,
} from '../database/index.ts';

/** SQLSTATE of a row without a partition: its day was dropped. */
const NO_PARTITION = '23514';

/** A delivery that waits or is leased. */
export interface UnfinishedDelivery {
  readonly deliveryId: DeliveryId;
  readonly endpointId: EndpointId;
  /** When it is due (0 = at once) or its lease ends. */
  readonly at: Timestamp;
}

/** Tries: retention may drop an empty day between its creation here and the write, once more each time. */
const MAX_TRIES = 5;

/** Writes events with their deliveries: one round trip per batch; each event is written once. */
export class EventRecord {
  readonly #database: Database;
  readonly #partitions: Partitions;

  constructor(parts: { database: Database; partitions: Partitions }) {
    this.#database = parts.database;
    this.#partitions = parts.partitions;
  }

  /**
   * @returns every unfinished delivery of these events, including those that were already on record
   * @throws RecordRefused when one of the events can never be written
   */
  async persist(batch: readonly RoutedEvent[]): Promise<readonly UnfinishedDelivery[]> {
    const events = eachOnce(batch);
    if (events.length === 0) return [];
    refuseInvalidIds(events);
    const parameters = columns(events);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      try {
        return await this.#write(events, parameters);
      } catch (error) {
        if (!isWithoutPartition(error)) throw asRefusal(error);
      }
      this.#partitions.forget();
    }
    // Not the events' fault: they must not become dead letters.
    throw new EngineUnavailable(
      'storage_failed',
      'The partitions of a day are detached from their tables in PostgreSQL',
    );
  }

  async #write(events: readonly RoutedEvent[], parameters: readonly unknown[]): Promise<readonly UnfinishedDelivery[]> {
    await this.#partitions.ensure(idsOf(events));
    // Idempotent: a repeated write after a lost connection changes nothing.
    const rows = await this.#database.query('persist-events', parameters, { idempotent: true });
    return rows.map(unfinishedFromRow);
  }
}

function* idsOf(events: readonly RoutedEvent[]): Iterable<string> {
  for (const { event, deliveries } of events) {
    yield event.id;
    for (const { id } of deliveries) yield id;
  }
}

/** Runs first, because an invalid id would create partitions for its day. */
function refuseInvalidIds(events: readonly RoutedEvent[]): void {
  for (const id of idsOf(events)) if (!hasDay(id)) throw new RecordRefused('The id is not a UUIDv7 of this century');
  for (const { event, deliveries } of events) {
    const ids = [event.organizationId, ...deliveries.map(({ endpointId }) => endpointId)];
    if (!ids.every(isUuid)) throw new RecordRefused('The id of the organization or of an endpoint is not a UUID');
  }
}

function isWithoutPartition(error: unknown): boolean {
  return error instanceof StatementRefused && error.code === NO_PARTITION;
}

function asRefusal(error: unknown): unknown {
  return error instanceof StatementRefused ? new RecordRefused(error.message) : error;
}

function unfinishedFromRow(row: Row): UnfinishedDelivery {
  return { deliveryId: text(row, 'delivery_id'), endpointId: text(row, 'endpoint_id'), at: number(row, 'at') };
}

/**
 * Unique events sorted by id: all writers lock rows in this order, which prevents deadlocks. Of duplicates the first
 * counts.
 */
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
  const [oldest] = events;
  return [
    uuidArray(of(({ id }) => id)),
    uuidArray(of(({ organizationId }) => organizationId)),
    textArray(of(({ type }) => type)),
    textArray(of(({ data }) => data)),
    textArray(of(({ dedupId }) => dedupId)),
    textArray(of(({ orderingKey }) => orderingKey)),
    bigintArray(of(({ deliverAt }) => deliverAt)),
    bigintArray(of(({ createdAt }) => createdAt)),
    textArray(of(({ traceparent }) => traceparent)),
    integerArray(of(({ hops }) => hops)),
    uuidArray(deliveries.map(({ id }) => id)),
    integerArray(deliveries.map(({ place }) => place)),
    uuidArray(deliveries.map(({ endpointId }) => endpointId)),
    textArray(deliveries.map(({ status }) => status)),
    textArray(deliveries.map(({ orderingGroup }) => orderingGroup)),
    oldest === undefined ? null : lowestDeliveryId(uuidv7Time(oldest.event.id)),
  ];
}
