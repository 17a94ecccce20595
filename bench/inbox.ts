import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOG } from '../src/app/logging/log.ts';
import { DEFAULT_INBOX } from '../src/core/administration/inbox.ts';
import { SCOPES } from '../src/core/administration/organization.ts';
import type { AcceptedEvent } from '../src/core/events/event.ts';
import type { KeyId, LeaseId, OrganizationId } from '../src/core/ids.ts';
import { jsonText } from '../src/core/json/json-text.ts';
import { openRedisPostgresEngine } from '../src/engines/redis-postgres/engine.ts';
import { openSqliteEngine } from '../src/engines/sqlite/engine.ts';
import type { Engine } from '../src/ports/engine.ts';
import { claim } from './support/claims.ts';
import { CLOCK, IDS, newEvent } from './support/events.ts';
import { engineOf, numbersOf } from './support/processes.ts';
import { Servers } from './support/servers.ts';

/**
 * Pulling against recording, at the engine's ports: events of 1 KB recorded in batches of 100, then leased and
 * acknowledged in batches of 100, in turn.
 */
const ENGINE = engineOf(process.argv);
const [ROUNDS = 5, EVENTS = 10_000] = numbersOf(process.argv.slice(2));
const BATCH = 100;

const [clock, ids] = [CLOCK, IDS];
const folder = mkdtempSync(join(tmpdir(), 'inbox-bench-'));
const servers = ENGINE === 'distributed' ? await Servers.start() : undefined;
const engine = await open();
try {
  const organizationId = ids.next<OrganizationId>();
  const createdAt = clock.now();
  await engine.store.organizations.create(
    { id: organizationId, name: 'Bench', tier: 'unlimited', createdAt },
    {
      id: ids.next<KeyId>(),
      organizationId,
      name: 'bench',
      prefix: 'tr_bench',
      sha256: '0'.repeat(64),
      createdAt,
      expiresAt: null,
      scopes: SCOPES,
      lastUsedAt: null,
    },
  );
  const inbox = await engine.store.inboxes.get(organizationId, DEFAULT_INBOX);
  if (inbox === undefined) throw new Error('no inbox');
  const data = jsonText({ text: 'x'.repeat(960) });
  const event = () => newEvent(organizationId, 'bench.inbox', data);
  const ratios: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const batches = Array.from({ length: EVENTS / BATCH }, () => Array.from({ length: BATCH }, event));
    let startedAt = performance.now();
    for (const batch of batches) await record(batch);
    const recorded = (EVENTS * 1_000) / (performance.now() - startedAt);
    startedAt = performance.now();
    let pulled = 0;
    while (pulled < EVENTS) {
      const leaseId = ids.next<LeaseId>();
      const lease = await engine.store.inboxes.lease(inbox, { leaseId, limit: BATCH, leaseMs: 60_000, eventTypes: [] });
      if (lease === undefined) throw new Error('nothing to lease');
      const acked = await engine.store.inboxes.ack(inbox, { leaseId, eventIds: null });
      pulled += acked.acknowledged;
    }
    const perSecond = (EVENTS * 1_000) / (performance.now() - startedAt);
    // The first is for warming up.
    if (round === 0) continue;
    ratios.push(perSecond / recorded);
    console.log(
      `recorded ${recorded.toFixed(0)}/s  leased and acknowledged ${perSecond.toFixed(0)}/s  ratio ${(perSecond / recorded).toFixed(2)}`,
    );
  }
  claim({
    name: 'leasing and acknowledging / recording',
    engine: ENGINE,
    unit: 'ratio',
    values: ratios,
    bound: { atLeast: 0.3 },
  });
} finally {
  await engine.close();
  await servers?.stop();
  rmSync(folder, { recursive: true, force: true });
}

function open(): Promise<Engine> | Engine {
  const common = { clock, dedupWindowMs: 86_400_000, maxBacklog: null };
  if (servers === undefined) {
    const onFatal = (error: unknown) => {
      throw error;
    };
    return openSqliteEngine({ ...common, ids, dataDir: folder, fanOut: () => [], onFatal });
  }
  return openRedisPostgresEngine({
    ...common,
    log: SILENT_LOG,
    consumer: 'bench',
    redisUrl: servers.redis.url,
    redisPrefix: 'bench',
    databaseUrl: servers.postgres.url(),
    maxDatabaseConnections: 10,
  });
}

async function record(events: readonly AcceptedEvent[]): Promise<void> {
  if (engine.worker === null) await engine.intake.accept(events);
  else await engine.worker.eventRecord.record(events.map((event) => ({ event, deliveries: [] })));
}
