import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '../test/support/service.ts';
import { claim, distribution } from './support/claims.ts';
import { openLoop } from './support/open-loop.ts';
import { engineOf, numbersOf, startService } from './support/processes.ts';
import { percentile } from './support/raw-load.ts';
import { Servers } from './support/servers.ts';

/**
 * Events at a fixed rate, open loop (no coordinated omission), first accepted alone, then each to one webhook receiver: how
 * long until the 202, until it is recorded (distributed: as the worker logs it), and from the moment it was due to be sent
 * until the receiver has it.
 */
const ENGINE = engineOf(process.argv);
const [PER_SECOND = 1_000, SECONDS = 10] = numbersOf(process.argv.slice(2));

const servers = ENGINE === 'distributed' ? await Servers.start() : undefined;
const service = (await servers?.run('api')) ?? (await startService());
const persistedMs: number[] = [];
if (servers !== undefined) {
  const worker = await servers.run('worker', { LOG_LEVEL: 'debug' });
  worker.onOutput((text) => {
    for (const [, ms] of text.matchAll(/(?:persisted in|took) ([\d.]+)ms \(target/g)) persistedMs.push(Number(ms));
  });
  await servers.run('deliverer');
}
const deliveredMs: number[] = [];
const receiver = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    const dueAt = Number(/"dueAt":([\d.]+)/.exec(body)?.[1]);
    if (!Number.isNaN(dueAt)) deliveredMs.push(performance.now() - dueAt);
    response.writeHead(204).end();
  });
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const text = 'x'.repeat(900);
const load = (type: string, seconds: number) =>
  openLoop({
    url: service.url,
    perSecond: PER_SECOND,
    seconds,
    connections: 32,
    bodyOf: (_n, dueAt) => `{"type":"${type}","data":{"dueAt":${dueAt},"text":"${text}"}}`,
  });
const client = new Client(service.url, 'test-api-key-change-in-prod');
// Three times the embedded engine's, for three processes and two servers more.
const times = ENGINE === 'embedded' ? 1 : 3;
try {
  await load('bench.alone', 2);
  const alone = await load('bench.alone', SECONDS);
  print(
    'answered 202, accepting alone',
    alone.map(({ answeredMs }) => answeredMs),
    5 * times,
  );
  persistedMs.length = 0;
  await client.post('/api/endpoints', {
    url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`,
    event_types: ['bench.latency'],
    max_concurrency: 50,
  });
  await load('bench.latency', 2);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  deliveredMs.length = 0;
  persistedMs.length = 0;
  const sent = await load('bench.latency', SECONDS);
  for (let waited = 0; deliveredMs.length < sent.length && waited < 10_000; waited += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const refused = sent.filter(({ status }) => status !== 202).length;
  console.log(`${sent.length} events at ${PER_SECOND}/s, ${refused} not accepted, ${deliveredMs.length} delivered`);
  print(
    'answered 202, delivering',
    sent.map(({ answeredMs }) => answeredMs),
    5 * times,
  );
  print(
    'of that, in the service itself',
    sent.map(({ serverMs }) => serverMs),
    null,
  );
  if (persistedMs.length > 0) print('recorded', persistedMs, 25 * times);
  print('delivered', deliveredMs, 50 * times);
} finally {
  await client.close();
  await (servers ?? service).stop();
  receiver.closeAllConnections();
  receiver.close();
}

/** @param target for P99, in milliseconds */
function print(what: string, values: readonly number[], target: number | null): void {
  const sorted = Float64Array.from(values).sort();
  const figures = [0.5, 0.95, 0.99, 1].map((share) => `${percentile(sorted, share).toFixed(1)} ms`.padStart(10));
  console.log(`${what.padEnd(36)} P50 ${figures[0]}  P95 ${figures[1]}  P99 ${figures[2]}  max ${figures[3]}`);
  if (target === null) return;
  distribution(what, ENGINE, values);
  const name = `P99 ${what}, ${PER_SECOND}/s`;
  claim({ name, engine: ENGINE, unit: 'ms', values: [percentile(sorted, 0.99)], bound: { atMost: target } });
}
