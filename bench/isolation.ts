import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from '../test/support/service.ts';
import { claim } from './support/claims.ts';
import { openLoop } from './support/open-loop.ts';
import { engineOf, numbersOf, startService } from './support/processes.ts';
import { percentile } from './support/raw-load.ts';
import { Servers } from './support/servers.ts';

/**
 * What endpoints that hang do to those that don't. Half of the endpoints never answer, until the time-out. Events come at a
 * fixed rate (open loop) to the healthy half alone, then to both halves at that rate each; compared is the time from the
 * moment an event was due to be sent until its receiver has it. Target: P99 beside the hung half ≤ 1.5 × alone. Twice as many
 * events are more work whatever their receivers do, so that there is a phase, too, in which as many go to the healthy half.
 */
const ENGINE = engineOf(process.argv);
const [ENDPOINTS = 5_000, PER_SECOND = 100, SECONDS = 20] = numbersOf(process.argv.slice(2));
const HALF = Math.floor(ENDPOINTS / 2);

const servers = ENGINE === 'distributed' ? await Servers.start() : undefined;
const service = (await servers?.run('api')) ?? (await startService({ RETENTION: '1d' }));
if (servers !== undefined) {
  await servers.run('worker');
  await servers.run('deliverer');
}
const receiver = fork(join(import.meta.dirname, 'support/half-hung-receiver.ts'));
const [{ url }] = (await once(receiver, 'message')) as [{ url: string }];
let deliveredMs: number[] = [];
receiver.on('message', (message: { deliveredMs: number }) => deliveredMs.push(message.deliveredMs));
const client = new Client(service.url, 'test-api-key-change-in-prod');
try {
  await inParallel(ENDPOINTS, 20, async (n) => {
    const kind = n < HALF ? 'ok' : 'hang';
    const body = { url: `${url}/${kind}/${n}`, event_types: [`${kind}.${n % HALF}`], timeout_seconds: 10 };
    const created = await client.post('/api/endpoints', body);
    if (created.status !== 201) throw new Error(created.text);
  });
  console.log(`${ENDPOINTS} endpoints, half of them hang; ${PER_SECOND} events/s to each half, ${SECONDS} s a phase`);
  // The first contact of every healthy endpoint belongs to neither figure.
  await phase('first contact', Math.max(PER_SECOND, HALF / 10), 10, () => 'ok');
  const alone = await phase('healthy half alone', PER_SECOND, SECONDS, () => 'ok');
  const busy = await phase('twice as many, healthy', 2 * PER_SECOND, SECONDS, () => 'ok');
  const beside = await phase('beside the hung half', 2 * PER_SECOND, SECONDS, (n) => (n % 2 === 0 ? 'ok' : 'hang'));
  const again = await phase('the same again', 2 * PER_SECOND, SECONDS, (n) => (n % 2 === 0 ? 'ok' : 'hang'));
  claim({
    name: 'delivered P99 beside hung endpoints / alone',
    engine: ENGINE,
    unit: 'ratio',
    values: [beside / alone, again / alone],
    bound: { atMost: 1.5 },
  });
  claim({
    name: 'the same / beside as many healthy ones',
    engine: ENGINE,
    unit: 'ratio',
    values: [beside / busy, again / busy],
    bound: { atMost: 1.5 },
  });
} finally {
  await client.close();
  receiver.kill('SIGTERM');
  await (servers ?? service).stop();
}

async function phase(
  what: string,
  perSecond: number,
  seconds: number,
  kindOf: (n: number) => 'ok' | 'hang',
): Promise<number> {
  deliveredMs = [];
  const sent = await openLoop({
    url: service.url,
    perSecond,
    seconds,
    connections: 32,
    bodyOf: (n, dueAt) =>
      `{"type":"${kindOf(n)}.${Math.floor(n / 2) % HALF}","data":{"dueAt":${performance.timeOrigin + dueAt}}}`,
  });
  const wanted = sent.filter(({ n, status }) => status === 202 && kindOf(n) === 'ok').length;
  for (let waited = 0; deliveredMs.length < wanted && waited < 15_000; waited += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const sorted = Float64Array.from(deliveredMs).sort();
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(sorted, share));
  const figures = `P50 ${p50?.toFixed(1)} ms  P99 ${p99?.toFixed(1)} ms  max ${max?.toFixed(1)} ms`;
  console.log(`${what.padEnd(22)} ${deliveredMs.length} of ${wanted} delivered  ${figures}`);
  return p99 ?? Number.POSITIVE_INFINITY;
}

async function inParallel(count: number, width: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const line = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, line));
}
