import { createClient } from '@redis/client';
import { SILENT_LOG } from '../src/app/logging/log.ts';
import type { OrganizationId } from '../src/core/ids.ts';
import { jsonText } from '../src/core/json/json-text.ts';
import { openRedisPostgresEngine } from '../src/engines/redis-postgres/engine.ts';
import { claim } from './support/claims.ts';
import { CLOCK, IDS, newEvent } from './support/events.ts';
import { numbersOf } from './support/processes.ts';
import { Servers } from './support/servers.ts';

/**
 * The distributed engine's accept against a bare pipeline of XADD: events of 1 KB, a hundred at a time, in turn; one process,
 * one connection. Ours looks at the backlog and the marks, and answers for each event.
 */
const [ROUNDS = 7] = numbersOf(process.argv.slice(2));
const EVENTS = 20_000;
const BATCH = 100;

const servers = await Servers.start();
const bare = createClient({ url: servers.redis.url });
await bare.connect();
const engine = await openRedisPostgresEngine({
  clock: CLOCK,
  log: SILENT_LOG,
  dedupWindowMs: 86_400_000,
  maxBacklog: null,
  consumer: 'bench',
  redisUrl: servers.redis.url,
  redisPrefix: 'zapier',
  databaseUrl: servers.postgres.url(),
  maxDatabaseConnections: 2,
});
try {
  const data = jsonText({ text: 'x'.repeat(960) });
  const organizationId = IDS.next<OrganizationId>();
  const floor = () =>
    rate(() => Promise.all(batch().map(({ id }) => bare.xAdd('bare:events', '*', { id, type: 'bench', data }))));
  const ours = () => rate(() => engine.intake.accept(batch()));
  const batch = () => Array.from({ length: BATCH }, () => newEvent(organizationId, 'bench', data));
  const ratios: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const [floorRate, ourRate] = [await floor(), await ours()];
    await servers.redis.command('DEL', 'bare:events');
    await servers.redis.command('DEL', 'zapier:events');
    // The first is for warming up.
    if (round === 0) continue;
    ratios.push(ourRate / floorRate);
    console.log(
      `bare XADD ${floorRate.toFixed(0)}/s  accept ${ourRate.toFixed(0)}/s  ratio ${(ourRate / floorRate).toFixed(2)}`,
    );
  }
  const name = 'accept in batches / bare XADD pipeline';
  claim({ name, engine: 'distributed', unit: 'ratio', values: ratios, bound: { atLeast: 0.5 } });
} finally {
  await engine.close();
  await bare.close();
  await servers.stop();
}

async function rate(send: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  for (let sent = 0; sent < EVENTS; sent += BATCH) await send();
  return (EVENTS * 1_000) / (performance.now() - since);
}
