import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AcceptedEvent } from '../src/core/events/event.ts';
import type { DeliveryId, EndpointId, OrganizationId } from '../src/core/ids.ts';
import { jsonText } from '../src/core/json/json-text.ts';
import { loadMigrations, loadSqlFiles } from '../src/engines/sqlite/database/sql-files.ts';
import { openSqliteEngine } from '../src/engines/sqlite/engine.ts';
import { CLOCK, IDS, newEvent } from './support/events.ts';
import { median } from './support/raw-load.ts';

export interface InsertFigures {
  /** Events and their deliveries a second, in transactions of `batch` events, into two tables without further indexes. */
  readonly bareTables: number;
  /** The same into the engine's own tables, with its indexes. */
  readonly bareSchema: number;
  /** `Intake.accept` called with one event each, `batch` calls at once: what HTTP does. */
  readonly acceptOne: number;
  /** `Intake.accept` called with `batch` events: what `POST /api/events/batch` does. */
  readonly acceptMany: number;
}

type InsertBatch = (events: readonly AcceptedEvent[]) => Promise<unknown> | undefined;

interface Contender {
  readonly insert: InsertBatch;
  close(): Promise<void> | undefined;
}

const [clock, ids] = [CLOCK, IDS];
const organizationId = ids.next<OrganizationId>();
const endpointId = ids.next<EndpointId>();
const data = jsonText({
  order: { id: 4711, total: '129.90', items: [{ sku: 'A-1', quantity: 2 }] },
  note: 'x'.repeat(60),
});

/**
 * What a write costs through the engine against a bare insert loop for the same rows, all with synchronous=FULL. The
 * contenders take turns round by round, since the machine's own speed drifts. Medians over the rounds.
 */
export async function measureInserts(options: {
  batch: number;
  events: number;
  rounds: number;
}): Promise<InsertFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'insert-floor-'));
  const contenders: Record<keyof InsertFigures, Contender> = {
    bareTables: bareLoop(join(folder, 'tables.db'), BARE_TABLES, BARE_STATEMENTS),
    bareSchema: bareLoop(
      join(folder, 'schema.db'),
      loadMigrations()
        .map(({ text }) => text)
        .join(';'),
      loadSqlFiles(),
    ),
    acceptOne: engine(
      join(folder, 'one'),
      (intake) => (events) => Promise.all(events.map((event) => intake.accept([event]))),
    ),
    acceptMany: engine(join(folder, 'many'), (intake) => (events) => intake.accept(events)),
  };
  const names = Object.keys(contenders) as (keyof InsertFigures)[];
  const rates: Record<keyof InsertFigures, number[]> = {
    bareTables: [],
    bareSchema: [],
    acceptOne: [],
    acceptMany: [],
  };
  for (let round = 0; round <= options.rounds; round++) {
    for (const name of names) {
      const rate = await insertRate(contenders[name].insert, options);
      // The first is for warming up.
      if (round > 0) rates[name].push(rate);
    }
  }
  for (const name of names) await contenders[name].close();
  rmSync(folder, { recursive: true });
  return {
    bareTables: median(rates.bareTables),
    bareSchema: median(rates.bareSchema),
    acceptOne: median(rates.acceptOne),
    acceptMany: median(rates.acceptMany),
  };
}

async function insertRate(insert: InsertBatch, { batch, events }: { batch: number; events: number }): Promise<number> {
  const batches = Array.from({ length: Math.ceil(events / batch) }, () =>
    Array.from({ length: batch }, () => newEvent(organizationId, 'order.created', data)),
  );
  const started = performance.now();
  for (const one of batches) await insert(one);
  return (batches.length * batch * 1_000) / (performance.now() - started);
}

const BARE_TABLES = `
  CREATE TABLE events (id TEXT PRIMARY KEY, organization_id TEXT, type TEXT, data TEXT, dedup_id TEXT,
    ordering_key TEXT, deliver_at INTEGER, created_at INTEGER, traceparent TEXT, hops INTEGER);
  CREATE TABLE deliveries (id TEXT PRIMARY KEY, organization_id TEXT, event_id TEXT, endpoint_id TEXT, event_type TEXT,
    status TEXT, due_at INTEGER, created_at INTEGER);
`;
const BARE_STATEMENTS = new Map([
  ['accept-event', 'INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)'],
  ['accept-delivery', 'INSERT INTO deliveries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)'],
]);

function bareLoop(path: string, tables: string, statements: ReadonlyMap<string, string>): Contender {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  db.exec(tables);
  const addEvent = db.prepare(statements.get('accept-event') ?? '');
  const addDelivery = db.prepare(statements.get('accept-delivery') ?? '');
  return {
    insert: (events) => {
      db.exec('BEGIN IMMEDIATE');
      for (const { id, type, createdAt } of events) {
        addEvent.run(id, organizationId, type, data, null, null, null, createdAt, null, 0);
        addDelivery.run(ids.next(), organizationId, id, endpointId, type, 'pending', 0, createdAt);
      }
      db.exec('COMMIT');
      return undefined;
    },
    close: () => {
      db.close();
      return undefined;
    },
  };
}

function engine(
  dataDir: string,
  inserter: (intake: ReturnType<typeof openSqliteEngine>['intake']) => InsertBatch,
): Contender {
  const opened = openSqliteEngine({
    dataDir,
    clock,
    ids,
    fanOut: () => [{ id: ids.next<DeliveryId>(), endpointId, status: 'pending', orderingGroup: null }],
    dedupWindowMs: 86_400_000,
    maxBacklog: null,
    onFatal: (error) => {
      throw error;
    },
  });
  return { insert: inserter(opened.intake), close: () => opened.close() };
}

if (import.meta.main) {
  for (const batch of [10, 50, 200]) {
    const figures = await measureInserts({ batch, events: 10_000, rounds: 7 });
    const shown = Object.entries(figures).map(([name, rate]) => `${name} ${Math.round(rate / 100) / 10} k/s`);
    const ratio = (value: number, floor: number) => (value / floor).toFixed(2);
    console.log(
      `batches of ${batch}: ${shown.join(', ')}; acceptOne ${ratio(figures.acceptOne, figures.bareTables)} of bare tables,`,
      `${ratio(figures.acceptOne, figures.bareSchema)} of the bare schema; acceptMany`,
      `${ratio(figures.acceptMany, figures.bareTables)}, ${ratio(figures.acceptMany, figures.bareSchema)}`,
    );
  }
}
