import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { IdSource } from '../../src/core/ids.ts';
import { timestamp } from '../../src/core/time.ts';
import { loadMigrations, loadSqlFiles } from '../../src/engines/sqlite/database/sql-files.ts';

/** Tables that grow with history. */
const GROWING = 'events|deliveries|attempts|inbox_messages|dedup_marks';
/** Run once, when an engine opens; they go through a partial index that holds only what waits or is being sent. */
const AT_START = new Set(['count-waiting', 'interrupted-attempts', 'reset-leases']);

/** What in a statement's plan costs more, the more is stored. */
function findings(db: DatabaseSync, sql: string): string[] {
  const aliases = [
    ...sql.matchAll(new RegExp(`\\b(?:${GROWING})\\s+AS\\s+(\\w+)|\\b(?:${GROWING})\\s+(\\w)\\b`, 'gi')),
  ];
  const names = [GROWING, ...aliases.map(([, long, short]) => long ?? short)].join('|');
  const scan = new RegExp(
    `^SCAN (?:${names})\\b(?! USING (?:COVERING )?INDEX deliveries_(?:waiting|leased|in_order)\\b)`,
  );
  return db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail))
    .filter((detail) => scan.test(detail) || detail.includes('USE TEMP B-TREE') || detail.includes('AUTOMATIC'));
}

function partialScans(db: DatabaseSync, sql: string): string[] {
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
  return plan
    .map(({ detail }) => String(detail))
    .filter((detail) => new RegExp(`^SCAN (?:${GROWING})\\b`).test(detail));
}

function emptyDatabase(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  for (const { text } of loadMigrations()) db.exec(text);
  return db;
}

/** Rows and statistics: the planner may choose otherwise when it knows what is in the tables. */
function filledDatabase(): DatabaseSync {
  const db = emptyDatabase();
  const sql = loadSqlFiles();
  const ids = new IdSource(() => timestamp(Date.UTC(2026, 0, 1)), randomFillSync);
  const event = db.prepare(sql.get('accept-event') ?? '');
  const delivery = db.prepare(sql.get('accept-delivery') ?? '');
  const message = db.prepare(sql.get('lease-message') ?? '');
  const mark = db.prepare(sql.get('mark-dedup-id') ?? '');
  const attempt = db.prepare(sql.get('add-attempt') ?? '');
  db.exec('BEGIN');
  for (let count = 0; count < 2_000; count++) {
    const [id, deliveryId] = [ids.next<string>(), ids.next<string>()];
    const organizationId = count % 50 === 0 ? 'small' : 'big';
    event.run(id, organizationId, 'a.b', '{}', null, null, null, 1, null, 0);
    delivery.run(deliveryId, organizationId, id, 'endpoint', 'a.b', 'pending', 0, 1);
    attempt.run(deliveryId, 1, 1, 1, 200, null, null);
    message.run('inbox', id, 'a.b', 'lease', 1);
    mark.run(organizationId, id, id, 1, 1, 1);
  }
  db.exec('COMMIT; ANALYZE');
  return db;
}

describe('query plans', () => {
  for (const [state, db] of [
    ['empty', emptyDatabase()],
    ['filled and analyzed', filledDatabase()],
  ] as const) {
    for (const [name, sql] of loadSqlFiles()) {
      test(`${name} costs the same however much is stored (${state})`, () => {
        assert.deepEqual(findings(db, sql), []);
        if (!AT_START.has(name)) assert.deepEqual(partialScans(db, sql), []);
      });
    }
  }

  const bad = {
    'a scan': "SELECT * FROM events WHERE type = 'x'",
    'a scan under another name': 'SELECT * FROM events AS young WHERE young.created_at > 5',
    'a scan of an index': 'SELECT count(*) FROM deliveries',
    'a scan inside': 'SELECT 1 FROM inboxes WHERE EXISTS (SELECT 1 FROM attempts WHERE started_at = 5)',
    'a sort': "SELECT * FROM deliveries WHERE organization_id = 'x' AND status = 'y' ORDER BY updated_at",
    'a change by something without index': "UPDATE deliveries SET attempts = 0 WHERE last_error = 'x'",
  };
  for (const [name, sql] of Object.entries(bad)) {
    test(`the guard sees ${name}`, () => assert.notDeepEqual(findings(filledDatabase(), sql), []));
  }

  test('every statement starts with a comment on its purpose', () => {
    for (const [name, sql] of loadSqlFiles()) assert.match(sql, /^-- \S.{20}/, name);
  });
});
