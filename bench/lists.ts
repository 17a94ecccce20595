import { Client } from '../test/support/service.ts';
import { claim, distribution } from './support/claims.ts';
import { fill } from './support/fill.ts';
import { openLoop } from './support/open-loop.ts';
import { engineOf, numbersOf, startService } from './support/processes.ts';
import { percentile } from './support/raw-load.ts';
import { Servers } from './support/servers.ts';

/**
 * Reading while there is much: with EVENTS on record (sent as NDJSON) and 200 events/s coming in, how long lists take as a
 * client sees them: newest first, of one type, deep in the past, and what an inbox has.
 */
const ENGINE = engineOf(process.argv);
const [EVENTS = 1_000_000, SECONDS = 20] = numbersOf(process.argv.slice(2));
const KEY = 'test-api-key-change-in-prod';
const LISTS = [
  '/api/events',
  '/api/events?type=bench.rare',
  '/api/events?type=bench.often',
  '/api/events?cursor=DEEP',
  '/api/inbox',
  '/api/deliveries',
  '/api/deliveries?status=pending',
];

const servers = ENGINE === 'distributed' ? await Servers.start() : undefined;
const service = (await servers?.run('api')) ?? (await startService({ MAX_BACKLOG: '100000000' }));
if (servers !== undefined) await servers.run('worker');
const client = new Client(service.url, KEY);
try {
  // Every hundredth is wanted by an endpoint that is paused: deliveries that wait.
  const endpoint = { url: 'http://127.0.0.1:9/', event_types: ['bench.rare'], enabled: false };
  const created = await client.post('/api/endpoints', endpoint);
  if (created.status !== 201) throw new Error(created.text);
  const since = performance.now();
  await store();
  console.log(`${EVENTS} events after ${((performance.now() - since) / 1_000).toFixed(1)} s`);
  const deep = await deepCursor();
  const sending = openLoop({
    url: service.url,
    perSecond: 200,
    seconds: SECONDS,
    connections: 8,
    bodyOf: (n) => JSON.stringify({ type: 'bench.new', data: { n } }),
  });
  const latencies = new Map(LISTS.map((path) => [path, [] as number[]]));
  const end = performance.now() + SECONDS * 1_000;
  while (performance.now() < end) {
    for (const path of LISTS) {
      const startedAt = performance.now();
      const answer = await client.get(path.replace('DEEP', deep));
      if (answer.status !== 200) throw new Error(answer.text);
      latencies.get(path)?.push(performance.now() - startedAt);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await sending;
  const p99s: number[] = [];
  for (const [path, values] of latencies) {
    const sorted = Float64Array.from(values).sort();
    const [p50, p99] = [percentile(sorted, 0.5).toFixed(1), percentile(sorted, 0.99).toFixed(1)];
    console.log(`${path.padEnd(32)} P50 ${p50.padStart(6)} ms  P99 ${p99.padStart(6)} ms  (${values.length} reads)`);
    p99s.push(percentile(sorted, 0.99));
  }
  distribution(`lists of ${EVENTS}`, ENGINE, [...latencies.values()].flat());
  const name = `P99 of the slowest list at ${EVENTS} events`;
  claim({ name, engine: ENGINE, unit: 'ms', values: [Math.max(...p99s)], bound: { atMost: 20 } });
} finally {
  await client.close();
  await (servers ?? service).stop();
}

async function store(): Promise<void> {
  const text = 'x'.repeat(200);
  const typeOf = (n: number) => (n % 100 === 0 ? 'rare' : 'often');
  await fill(service.url, KEY, EVENTS, (n) => `{"type":"bench.${typeOf(n)}","data":{"n":${n},"text":"${text}"}}`);
  for (let waiting = 1; servers !== undefined && waiting > 0; ) {
    waiting = Number(await servers.redis.command('XLEN', 'zapier:events'));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Some hundred pages into the past. */
async function deepCursor(): Promise<string> {
  let cursor = '';
  for (let page = 0; page < 100; page++) {
    const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    cursor = (await client.get(`/api/events?limit=1000${query}`)).json.next_cursor ?? cursor;
  }
  return encodeURIComponent(cursor);
}
