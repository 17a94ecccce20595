import { once } from 'node:events';
import { request } from 'node:http';
import { measureInserts } from './insert-floor.ts';
import { claim } from './support/claims.ts';
import { engineOf, numbersOf, startService } from './support/processes.ts';
import { Servers } from './support/servers.ts';

/**
 * A hundred thousand events in one request: NDJSON with a result for each, each durable before its result is written,
 * against a bare loop that inserts the same number in batches of 200 into two SQLite tables, with an fsync each.
 */
const ENGINE = engineOf(process.argv);
const [ROUNDS = 3, EVENTS = 100_000] = numbersOf(process.argv.slice(2));

const servers = ENGINE === 'distributed' ? await Servers.start() : undefined;
const service = (await servers?.run('api')) ?? (await startService());
try {
  await upload(5_000);
  const [engineRatios, bareRatios]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const perSecond = await upload(EVENTS);
    await servers?.redis.command('DEL', 'zapier:events');
    const { acceptMany, bareTables } = await measureInserts({ batch: 200, events: 20_000, rounds: 1 });
    engineRatios.push(perSecond / acceptMany);
    bareRatios.push(perSecond / bareTables);
    console.log(
      `NDJSON ${perSecond.toFixed(0)}/s  engine's accept ${acceptMany.toFixed(0)}/s  bare loop ${bareTables.toFixed(0)}/s`,
    );
  }
  const common = { engine: ENGINE, unit: 'ratio' } as const;
  claim({ ...common, name: 'NDJSON / the embedded accept', values: engineRatios, bound: { atLeast: 0.5 } });
  claim({ ...common, name: 'NDJSON / bare insert loop', values: bareRatios, bound: { atLeast: 0.6 } });
} finally {
  await (servers ?? service).stop();
}

/** @returns events a second, from the first byte sent to the last result read */
async function upload(events: number): Promise<number> {
  const outgoing = request(`${service.url}/api/events/batch`, {
    method: 'POST',
    headers: { 'x-api-key': 'test-api-key-change-in-prod', 'content-type': 'application/x-ndjson' },
  });
  const startedAt = performance.now();
  const reading = once(outgoing, 'response').then(async ([response]) => {
    let lines = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
    }
    return lines;
  });
  const line = `${JSON.stringify({
    type: 'order.created',
    data: { order: { id: 4711, total: '129.90', items: [{ sku: 'A-1', quantity: 2 }] }, note: 'x'.repeat(60) },
  })}\n`;
  const piece = line.repeat(100);
  for (let sent = 0; sent < events; sent += 100) if (!outgoing.write(piece)) await once(outgoing, 'drain');
  outgoing.end();
  // And a summary.
  const results = (await reading) - 1;
  if (results !== events) throw new Error(`${results} results for ${events} events`);
  return (events * 1_000) / (performance.now() - startedAt);
}
