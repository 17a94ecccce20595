import { randomFillSync } from 'node:crypto';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { DEFAULT_INBOX, type Inbox } from '../../src/core/administration/inbox.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { type EventId, IdSource, type LeaseId, type OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { addMs, type Milliseconds, type Timestamp, timestamp } from '../../src/core/time.ts';
import { Database } from '../../src/engines/redis-postgres/database/database.ts';
import { migrate } from '../../src/engines/redis-postgres/database/migrate.ts';
import { Partitions } from '../../src/engines/redis-postgres/database/partitions.ts';
import { PostgresInboxStore } from '../../src/engines/redis-postgres/inbox/inbox-store.ts';
import { EventRecord } from '../../src/engines/redis-postgres/recording/event-record.ts';
import { newDatabase } from '../support/postgres-server.ts';

const START = timestamp(Date.UTC(2026, 0, 1));
const DAY_MS: Milliseconds = 86_400_000;
const DAYS = 3;
const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000';

/** A database with one organization and its inbox, and time that stands until a test moves it. */
export class InboxRecord {
  readonly url: string;
  readonly clock = { now: () => this.at, monotonicMs: () => this.at };
  readonly ids = new IdSource(() => this.at, randomFillSync);
  organizationId = this.ids.next<OrganizationId>();
  at: Timestamp = START;
  readonly #open: { close(): Promise<void> }[] = [];

  private constructor(url: string) {
    this.url = url;
  }

  static async open(context: Pick<TestContext, 'after'>): Promise<InboxRecord> {
    const database = await newDatabase({ name: 'inbox_record', build });
    const record = new InboxRecord(database.url);
    context.after(async () => {
      await record.close();
      await database.drop();
    });
    await record.#begin();
    return record;
  }

  /** A copy of a record that was filled once: `fill` leaves its connections to the record. Time has gone on since. */
  static async openFilled(
    context: TestContext,
    name: string,
    fill: (record: InboxRecord) => Promise<void>,
  ): Promise<InboxRecord> {
    const database = await newDatabase({
      name,
      build: async (url) => {
        await build(url);
        const record = new InboxRecord(url);
        await record.#begin();
        await fill(record);
        await record.close();
      },
    });
    const record = new InboxRecord(database.url);
    context.after(async () => {
      await record.close();
      await database.drop();
    });
    const { rows } = await (await record.client()).query<{ id: OrganizationId }>('SELECT id FROM organizations');
    record.organizationId = rows[0]?.id ?? record.organizationId;
    // Ids that are made from here on are higher than those that are there.
    record.at = addMs(START, 1_000);
    return record;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((one) => one.close()));
  }

  /** The organization and its inbox. */
  async #begin(): Promise<void> {
    const client = await this.client();
    await client.query("INSERT INTO organizations VALUES ($1, 'Example', 'free', 0)", [this.organizationId]);
    await client.query("INSERT INTO inboxes VALUES ($1, $2, $3, '[]', 10, 0, $4, 0)", [
      this.ids.next(),
      this.organizationId,
      DEFAULT_INBOX,
      BEFORE_ALL_IDS,
    ]);
  }

  /** What the workers of one process write with. */
  eventRecord(): EventRecord {
    const database = this.#database(5);
    return new EventRecord({ database, partitions: new Partitions(database) });
  }

  /** The store of one process. */
  store(maxConnections = 5, publish: (organizationId: OrganizationId) => void = () => {}): PostgresInboxStore {
    return new PostgresInboxStore({ database: this.#database(maxConnections), clock: this.clock, publish });
  }

  #database(maxConnections: number): Database {
    const database = Database.open({ url: this.url, maxConnections, applicationName: 'test' });
    this.#open.push(database);
    return database;
  }

  async client(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    this.#open.push({ close: () => client.end() });
    return client;
  }

  async inbox(store: PostgresInboxStore): Promise<Inbox> {
    const inbox = await store.get(this.organizationId, DEFAULT_INBOX);
    if (inbox === undefined) throw new Error('No inbox');
    return inbox;
  }

  events(count: number, rest: Partial<AcceptedEvent> = {}): AcceptedEvent[] {
    return Array.from({ length: count }, () => ({
      id: this.ids.next<EventId>(),
      organizationId: this.organizationId,
      type: 'order.created',
      data: '{"n":1}' as JsonText,
      dedupId: null,
      orderingKey: null,
      deliverAt: null,
      createdAt: this.at,
      traceparent: null,
      hops: 0,
      ...rest,
    }));
  }

  request(limit: number, eventTypes: readonly string[] = [], leaseMs: Milliseconds = 30_000) {
    return { leaseId: this.ids.next<LeaseId>(), limit, leaseMs, eventTypes };
  }
}

/** What a worker does with a batch (`persist_events`), step by step, so that a test can stop in between. */
export class Writer {
  readonly #client: pg.Client;

  constructor(client: pg.Client) {
    this.#client = client;
  }

  async begin(organizationId: OrganizationId): Promise<void> {
    await this.#client.query('BEGIN');
    await this.#client.query('SELECT pg_advisory_xact_lock_shared(7464, hashtext($1))', [organizationId]);
  }

  async insert(events: readonly AcceptedEvent[]): Promise<void> {
    await this.#client.query(
      `INSERT INTO events (id, organization_id, type, data, created_at, hops)
      SELECT *, 0, 0 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])`,
      columns(events),
    );
  }

  async commit(events: readonly AcceptedEvent[]): Promise<void> {
    await this.#client.query(
      `INSERT INTO inbox_messages (inbox_id, event_id, event_type, status, lease_count)
      SELECT inboxes.id, event.id, event.type, 'available', 0
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS event (id, organization_id, type, data)
      JOIN inboxes ON inboxes.organization_id = event.organization_id AND inboxes.cursor_event_id >= event.id
      ON CONFLICT DO NOTHING`,
      columns(events),
    );
    await this.#client.query('COMMIT');
  }

  async write(events: readonly AcceptedEvent[]): Promise<void> {
    const [first] = events;
    if (first === undefined) return;
    await this.begin(first.organizationId);
    await this.insert(events);
    await this.commit(events);
  }
}

function columns(events: readonly AcceptedEvent[]): unknown[] {
  return [
    events.map(({ id }) => id),
    events.map(({ organizationId }) => organizationId),
    events.map(({ type }) => type),
    events.map(({ data }) => data),
  ];
}

/** Some days, each a partition, as in production. */
async function build(url: string): Promise<void> {
  await migrate(url);
  const database = Database.open({ url, maxConnections: 1, applicationName: 'test' });
  const partitions = new Partitions(database);
  for (let day = 0; day < DAYS; day++) await partitions.ensureAhead(addMs(START, day * DAY_MS));
  await database.close();
}
