import { claim } from './support/claims.ts';
import { eventRequest } from './support/event-request.ts';
import { engineOf, numbersOf, startFloor, startService } from './support/processes.ts';
import { percentile, rawLoad } from './support/raw-load.ts';
import { Servers } from './support/servers.ts';

/**
 * Accepting against its floor: 32 and 128 connections post events of 1 KB, in turn to a bare node:http server that parses
 * the same JSON and keeps nothing, and to the service, which answers when the event is on disk (embedded) or in Redis with
 * `appendfsync everysec` (distributed: one api process, no worker beside it; the stream is emptied between rounds). Few
 * connections all wait for the disk at times, many share what it costs.
 */
const ENGINE = engineOf(process.argv);
const [ROUNDS = 5, DURATION_MS = 3_000] = numbersOf(process.argv.slice(2));
const TARGET = { embedded: 0.85, distributed: 0.8 }[ENGINE];
const CONNECTIONS = [32, 128];

const request = eventRequest('bench.ingest', { text: 'x'.repeat(960), number: 12_345, list: [1, 2, 3] });

const load = (url: string, connections: number, durationMs: number) =>
  rawLoad({ url, connections, durationMs, expectStatus: 202, requestOf: () => request });

const floor = await startFloor('bare-http-server.ts');
const servers = ENGINE === 'distributed' ? await Servers.start() : undefined;
const service = (await servers?.run('api')) ?? (await startService());
try {
  for (const connections of CONNECTIONS) await compare(connections);
} finally {
  await (servers ?? service).stop();
  await floor.stop();
}

async function compare(connections: number): Promise<void> {
  await load(floor.url, connections, 1_000);
  await load(service.url, connections, 1_000);
  const ratios: number[] = [];
  console.log(`${connections} connections\nround   bare node:http        service     ratio   service P50 / P99`);
  for (let round = 1; round <= ROUNDS; round++) {
    const bare = await load(floor.url, connections, DURATION_MS);
    const ours = await load(service.url, connections, DURATION_MS);
    await servers?.redis.command('DEL', 'zapier:events');
    if (ours.unexpected > 0) throw new Error(`${ours.unexpected} answers were not 202`);
    ratios.push(ours.perSecond / bare.perSecond);
    const row = [
      String(round).padStart(5),
      `${bare.perSecond.toFixed(0).padStart(12)}/s`,
      `${ours.perSecond.toFixed(0).padStart(14)}/s`,
      (ours.perSecond / bare.perSecond).toFixed(2).padStart(9),
      `${percentile(ours.latenciesMs, 0.5).toFixed(2)} / ${percentile(ours.latenciesMs, 0.99).toFixed(2)} ms`.padStart(
        20,
      ),
    ];
    console.log(row.join(' '));
  }
  const name = `accepting from ${connections} connections / bare node:http`;
  claim({ name, engine: ENGINE, unit: 'ratio', values: ratios, bound: { atLeast: TARGET } });
}
