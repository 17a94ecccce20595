/**
 * What the sender costs over bare undici: the same POSTs of 1 KB to the same receiver, by `send` and by a loop over a
 * bare Pool, in turns, because absolute figures move by a factor of two here. The receiver runs in a process of its
 * own. Prints both rates and their ratio (target: at least 0.75) for each concurrency, and what
 * each costs this process.
 */
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import type { EndpointId } from '../src/core/ids.ts';
import { timestamp } from '../src/core/time.ts';
import { createSender } from '../src/sender/sender.ts';
import { claim } from './support/claims.ts';
import { numbersOf } from './support/processes.ts';
import { median } from './support/raw-load.ts';

const [ROUNDS = 7, ROUND_MS = 1_000] = numbersOf(process.argv.slice(2));
const BODY = JSON.stringify({ id: 'x'.repeat(36), data: 'y'.repeat(960) });
const HEADERS = {
  'content-type': 'application/json',
  'user-agent': 'bench',
  'webhook-id': '01900000-0000-7000-8000-000000000000',
  'webhook-timestamp': '1700000000',
  'webhook-signature': `v1,${'A'.repeat(43)}=`,
  'x-attempt': '1',
  'accept-encoding': 'identity',
};

function receive(): void {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.end('ok'));
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}

interface Measured {
  readonly perSecond: number;
  /** Of this process, the receiver's not counted: steadier than the rate on a busy machine. */
  readonly cpuMicroseconds: number;
}

/** Posts for a while, `concurrency` at a time. */
async function measure(concurrency: number, post: () => Promise<unknown>): Promise<Measured> {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  let posts = 0;
  async function worker(): Promise<void> {
    while (performance.now() - startedAt < ROUND_MS) {
      await post();
      posts += 1;
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker));
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (posts / (performance.now() - startedAt)) * 1_000, cpuMicroseconds: (user + system) / posts };
}

async function compare(port: number, concurrency: number): Promise<void> {
  const url = `http://127.0.0.1:${port}/hook`;
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: concurrency, pipelining: 1 });
  const sender = createSender({
    allowedNetworks: [],
    allowLoopback: true,
    httpsOnly: false,
    clock: { now: () => timestamp(Date.now()), monotonicMs: () => performance.now() },
  });
  const request = { endpointId: 'bench' as EndpointId, url, headers: HEADERS, body: BODY, timeoutMs: 10_000 };
  const bare: Measured[] = [];
  const ours: Measured[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const bareRound = await measure(concurrency, async () => {
      const response = await pool.request({ method: 'POST', path: '/hook', headers: HEADERS, body: BODY });
      await response.body.text();
    });
    const oursRound = await measure(concurrency, async () => {
      const outcome = await sender.send(request);
      if (outcome.error !== null) throw new Error(`send came to ${outcome.error}`);
    });
    // The first round warms up.
    if (round === 0) continue;
    bare.push(bareRound);
    ours.push(oursRound);
  }
  const ratios = (key: keyof Measured) => ours.map((round, index) => round[key] / (bare[index]?.[key] ?? Number.NaN));
  const middle = (rounds: readonly Measured[], key: keyof Measured): string =>
    median(rounds.map((round) => round[key])).toFixed(0);
  console.log(
    `concurrency ${concurrency}: sender ${middle(ours, 'perSecond')}/s, bare pool ${middle(bare, 'perSecond')}/s; ` +
      `CPU ${middle(ours, 'cpuMicroseconds')} and ${middle(bare, 'cpuMicroseconds')} µs a request, ` +
      `ratio ${median(ratios('cpuMicroseconds')).toFixed(2)}`,
  );
  const name = `sending, ${concurrency} at once / bare undici`;
  claim({ name, engine: 'both', unit: 'ratio', values: ratios('perSecond'), bound: { atLeast: 0.75 } });
  await Promise.all([pool.close(), sender.close(1_000)]);
}

if (process.argv[2] === 'receiver') {
  receive();
} else {
  const receiver = fork(import.meta.filename, ['receiver']);
  const port = await new Promise<number>((resolve) => receiver.once('message', (value) => resolve(Number(value))));
  for (const concurrency of [1, 10, 50]) await compare(port, concurrency);
  receiver.disconnect();
}
