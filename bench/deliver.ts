import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from '../test/support/service.ts';
import { claim } from './support/claims.ts';
import { eventRequest } from './support/event-request.ts';
import { engineOf, numbersOf, type Running, startFloor, startService } from './support/processes.ts';
import { rawLoad } from './support/raw-load.ts';
import { Servers } from './support/servers.ts';

/**
 * Delivering against its floor: 32 connections post events of 1 KB as fast as they are answered, in turn to a bare process
 * that receives over node:http and posts on through undici, and to the service, which keeps, signs, delivers and records
 * each. Counted is what comes out at the receiver while the load lasts and until it is all out. To one endpoint, and to 100.
 */
const ENGINE = engineOf(process.argv);
const [ROUNDS = 3, EVENTS = 10_000] = numbersOf(process.argv.slice(2));
const KEY = 'test-api-key-change-in-prod';

const receiver = fork(join(import.meta.dirname, 'support/counting-receiver.ts'));
const [{ url: target }] = (await once(receiver, 'message')) as [{ url: string }];
const floor = await startFloor('bare-forwarder.ts', [target]);
const servers = ENGINE === 'distributed' ? await Servers.start() : undefined;
const service: Pick<Running, 'url'> & { stop(): Promise<unknown> } =
  (await servers?.run('api')) ?? (await startService());
if (servers !== undefined) {
  await servers.run('worker');
  await servers.run('deliverer');
}
const client = new Client(service.url, KEY);
try {
  for (const endpoints of [1, 100]) {
    for (let n = 0; n < endpoints; n++) {
      const type = `to${endpoints}.${n}`;
      const body = { url: `${target}/${type}`, event_types: [type], max_concurrency: endpoints === 1 ? 100 : 10 };
      const created = await client.post('/api/endpoints', body);
      if (created.status !== 201) throw new Error(created.text);
    }
    await round(service.url, endpoints, 2_000);
    await round(floor.url, endpoints, 2_000);
    const ratios: number[] = [];
    for (let n = 0; n < ROUNDS; n++) {
      const bare = await round(floor.url, endpoints, EVENTS);
      const ours = await round(service.url, endpoints, EVENTS);
      ratios.push(ours / bare);
      console.log(
        `${String(endpoints).padStart(3)} endpoints  bare ${bare.toFixed(0).padStart(6)}/s  service ${ours.toFixed(0).padStart(6)}/s  ratio ${(ours / bare).toFixed(2)}`,
      );
    }
    const name = `delivering to ${endpoints} / bare receive and post`;
    claim({ name, engine: ENGINE, unit: 'ratio', values: ratios, bound: { atLeast: 0.5 } });
  }
} finally {
  await client.close();
  await floor.stop();
  await (servers ?? service).stop();
  receiver.disconnect();
}

/** @returns events a second, from the first one sent to the last one received */
async function round(url: string, endpoints: number, events: number): Promise<number> {
  const before = await count(receiver);
  const startedAt = performance.now();
  let sent = 0;
  // Closed loop, in short pieces, until enough have been sent.
  while (sent < events) {
    const { requests, unexpected } = await rawLoad({
      url,
      connections: 32,
      durationMs: 250,
      expectStatus: 202,
      requestOf: (n) => requestTo(`to${endpoints}.${n % endpoints}`),
    });
    if (unexpected > 0) throw new Error(`${unexpected} answers were not 202`);
    sent += requests;
  }
  while ((await count(receiver)) - before < sent) await new Promise((resolve) => setTimeout(resolve, 10));
  return (sent * 1_000) / (performance.now() - startedAt);
}

async function count(child: ChildProcess): Promise<number> {
  child.send('count');
  const [{ received }] = (await once(child, 'message')) as [{ received: number }];
  return received;
}

function requestTo(type: string): string {
  return eventRequest(type, { text: 'x'.repeat(960), number: 12_345, list: [1, 2, 3] });
}
