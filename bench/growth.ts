import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from '../test/support/service.ts';
import { claim } from './support/claims.ts';
import { fill } from './support/fill.ts';
import { openLoop } from './support/open-loop.ts';
import { cpuSeconds, cpuSecondsWithChildren, residentMegabytes } from './support/process-cost.ts';
import { engineOf, numbersOf, startService } from './support/processes.ts';
import { Servers } from './support/servers.ts';

/**
 * What an event costs as the record grows: CPU of all our processes, PostgreSQL and Redis for an event that is accepted,
 * recorded, delivered and read back, at 10,000 events on record and at EVENTS.
 */
const ENGINE = engineOf(process.argv);
const [EVENTS = 1_000_000] = numbersOf(process.argv.slice(2));
const KEY = 'test-api-key-change-in-prod';
const FIRST = 10_000;
const PER_SECOND = 400;
const SECONDS = 10;
const TEXT = 'x'.repeat(200);

const receiver = fork(join(import.meta.dirname, 'support/counting-receiver.ts'));
const [{ url: target }] = (await once(receiver, 'message')) as [{ url: string }];
const servers = ENGINE === 'distributed' ? await Servers.start() : undefined;
const service = (await servers?.run('api')) ?? (await startService({ MAX_BACKLOG: '100000000' }));
const pids = [service.pid];
if (servers !== undefined) {
  pids.push((await servers.run('worker')).pid, (await servers.run('deliverer')).pid);
  pids.push(servers.redis.pid);
}
const client = new Client(service.url, KEY);
try {
  const endpoint = await client.post('/api/endpoints', {
    url: target,
    event_types: ['bench.growth'],
    max_concurrency: 50,
  });
  if (endpoint.status !== 201) throw new Error(endpoint.text);
  await round();
  await store(FIRST);
  const few = await round();
  await store(EVENTS - FIRST);
  const many = await round();
  console.log(`${FIRST} on record: ${few.toFixed(0)} µs an event; ${EVENTS}: ${many.toFixed(0)} µs`);
  const name = `CPU an event at ${EVENTS} / at ${FIRST}`;
  claim({ name, engine: ENGINE, unit: 'ratio', values: [many / few], bound: { atMost: 1.3 } });
  console.log(`memory of the processes: ${pids.map((pid) => `${residentMegabytes(pid)} MB`).join(', ')}`);
} finally {
  await client.close();
  await (servers ?? service).stop();
  receiver.disconnect();
}

async function store(count: number): Promise<void> {
  const since = performance.now();
  await fill(service.url, KEY, count, (n) => `{"type":"bench.stored","data":{"n":${n},"text":"${TEXT}"}}`);
  for (let waiting = 1; servers !== undefined && waiting > 0; ) {
    waiting = Number(await servers.redis.command('XLEN', 'zapier:events'));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  console.log(`${count} events stored in ${((performance.now() - since) / 1_000).toFixed(1)} s`);
}

/** @returns microseconds of CPU an event */
async function round(): Promise<number> {
  const before = cost();
  const sent = await openLoop({
    url: service.url,
    perSecond: PER_SECOND,
    seconds: SECONDS,
    connections: 16,
    bodyOf: (n) => `{"type":"bench.growth","data":{"n":${n},"text":"${TEXT}"}}`,
  });
  for (let read = 0; read < 200; read++) {
    const list = await client.get('/api/events?type=bench.growth&limit=10');
    const id = list.json.data[0]?.id as string;
    const event = await client.get(`/api/events/${id}`);
    if (event.status !== 200) throw new Error(event.text);
  }
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return ((cost() - before) / sent.length) * 1_000_000;
}

function cost(): number {
  const postgres = servers === undefined ? 0 : cpuSecondsWithChildren(servers.postgres.pid);
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), postgres);
}
