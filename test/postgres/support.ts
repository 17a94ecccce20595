import { randomFillSync } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { NewDelivery } from '../../src/core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { type DeliveryId, type EndpointId, type EventId, IdSource, type OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { addMs, type Milliseconds, type Timestamp, timestamp } from '../../src/core/time.ts';
import { Database } from '../../src/engines/redis-postgres/database/database.ts';
import { ExpiredDays } from '../../src/engines/redis-postgres/database/expired-days.ts';
import { Partitions } from '../../src/engines/redis-postgres/database/partitions.ts';
import { DeliveryRecord } from '../../src/engines/redis-postgres/delivery-queue/delivery-record.ts';
import { EventRecord } from '../../src/engines/redis-postgres/recording/event-record.ts';
import { PostgresStatements, Retention } from '../../src/engines/redis-postgres/stores/index.ts';
import { SqlEventStore } from '../../src/engines/stores/events/index.ts';
import type { RoutedEvent } from '../../src/ports/record/event-record.ts';
import { newDatabase } from '../support/postgres-server.ts';
import { TRIGGERS_DATABASE } from '../support/triggers-database.ts';

export const DAY_MS: Milliseconds = 86_400_000;
const START = timestamp(Date.UTC(2026, 0, 10, 12));

/** A pool that ends with the test. */
export function openDatabase(
  context: TestContext,
  url: string,
  rest: Partial<Parameters<typeof Database.open>[0]> = {},
): Database {
  const database = Database.open({ url, maxConnections: 4, applicationName: 'test', ...rest });
  context.after(() => database.close());
  return database;
}

/** A connection of somebody else, to look and to disturb. */
export async function connect(context: TestContext, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  context.after(() => client.end().catch(() => {}));
  return client;
}

/** The parts of one process that write and read the record. */
export class Process {
  readonly database: Database;
  readonly partitions: Partitions;
  readonly events: EventRecord;
  readonly deliveries: DeliveryRecord;
  readonly eventStore: SqlEventStore;

  constructor(database: Database) {
    this.database = database;
    this.partitions = new Partitions(database);
    this.events = new EventRecord({ database, partitions: this.partitions });
    this.deliveries = new DeliveryRecord(database);
    const retention = new Retention({
      database,
      oldDays: new ExpiredDays({ database, partitions: this.partitions }),
    });
    this.eventStore = new SqlEventStore(new PostgresStatements(database), (step) => retention.removeStep(step));
  }
}

/** An empty record in a database of its own, with one process on it, and time that a test moves. */
export class RecordWorld {
  readonly #context: TestContext;
  readonly url: string;
  now: Timestamp = START;
  readonly ids = new IdSource(() => this.now, randomFillSync);
  readonly process: Process;
  readonly client: pg.Client;

  private constructor(context: TestContext, url: string, client: pg.Client) {
    this.#context = context;
    this.url = url;
    this.client = client;
    this.process = this.newProcess();
  }

  static async open(context: TestContext): Promise<RecordWorld> {
    const database = await newDatabase(TRIGGERS_DATABASE);
    context.after(() => database.drop());
    return new RecordWorld(context, database.url, await connect(context, database.url));
  }

  newProcess(): Process {
    return new Process(openDatabase(this.#context, this.url));
  }

  connect(): Promise<pg.Client> {
    return connect(this.#context, this.url);
  }

  pass(ms: Milliseconds): void {
    this.now = addMs(this.now, ms);
  }

  id<Id extends string>(): Id {
    return this.ids.next<Id>();
  }

  event(rest: Partial<AcceptedEvent> = {}): AcceptedEvent {
    return {
      id: this.id<EventId>(),
      organizationId: this.id<OrganizationId>(),
      type: 'order.created',
      data: '{"n":1}' as JsonText,
      dedupId: null,
      orderingKey: null,
      deliverAt: null,
      createdAt: this.now,
      traceparent: null,
      hops: 0,
      ...rest,
    };
  }

  delivery(rest: Partial<NewDelivery> = {}): NewDelivery {
    return {
      id: this.id<DeliveryId>(),
      endpointId: this.id<EndpointId>(),
      status: 'pending',
      orderingGroup: null,
      ...rest,
    };
  }

  /** Events with one pending delivery each, not written yet. */
  routed(count: number, rest: Partial<AcceptedEvent> = {}): RoutedEvent[] {
    return Array.from({ length: count }, () => ({ event: this.event(rest), deliveries: [this.delivery()] }));
  }

  /** The same, on record. */
  async written(count: number, rest: Partial<AcceptedEvent> = {}): Promise<RoutedEvent[]> {
    const routed = this.routed(count, rest);
    await this.process.events.persist(routed);
    return routed;
  }

  async count(table: string): Promise<number> {
    const { rows } = await this.client.query(`SELECT count(*)::integer AS rows FROM ${table}`);
    return rows[0].rows;
  }
}

export function deliveryOf(routed: RoutedEvent | undefined): NewDelivery {
  const delivery = routed?.deliveries[0];
  if (delivery === undefined) throw new Error('It has no delivery');
  return delivery;
}

/** Resolves when somebody waits for a lock in the database. */
export async function untilSomebodyWaits(client: pg.Client): Promise<void> {
  for (let look = 0; look < 3_000; look++) {
    // Within a transaction each look would see what the first one saw.
    await client.query('SELECT pg_stat_clear_snapshot()');
    const { rows } = await client.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    if (rows.length > 0) return;
    await sleep(10);
  }
  throw new Error('Nobody waits');
}
