import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Receiver } from '../test/support/receiver.ts';
import { Client } from '../test/support/service.ts';
import type { Abuser } from './abuse/row.ts';
import { ROWS } from './abuse/rows.ts';
import { claim } from './support/claims.ts';
import { openLoop } from './support/open-loop.ts';
import { numbersOf, startService } from './support/processes.ts';
import { percentile } from './support/raw-load.ts';

/**
 * What people who mean it do to a healthy tenant. Each row of `abuse/rows.ts` runs by itself while the healthy tenant sends
 * events at a fixed rate (open loop): compared is the P99 of its 202 against that alone, right before. Targets: ≤ 2 × alone,
 * and the process never above 512 MB, with no limit of the heap set. The embedded engine: all in one process is the worst.
 *
 * `npm run bench:abuse -- SECONDS EVENTS_A_SECOND LARGE_EVENTS SMALL_EVENTS`; `ABUSE_ROW=EXPRESSION` runs the rows whose name matches.
 */
const [SECONDS = 10, PER_SECOND = 200, LARGE_EVENTS = 200, SMALL_EVENTS = 50_000] = numbersOf(process.argv.slice(2));
const ATTACK_BEGINS_MS = 500;
const AFTERMATH_MS = 2_500;

const service = await startService();
const receiver = await Receiver.start();
const healthy = new Client(service.url, 'test-api-key-change-in-prod');
try {
  const abuser = await prepare();
  await phase();
  for (const row of ROWS.filter(({ name }) => new RegExp(process.env['ABUSE_ROW'] ?? '').test(name))) {
    const alone = await phase();
    resetPeak();
    const attack = fork(join(import.meta.dirname, 'abuse/attacker.ts'), [row.name, JSON.stringify(abuser)]);
    const ended = once(attack, 'exit');
    await once(attack, 'message');
    await new Promise((resolve) => setTimeout(resolve, ATTACK_BEGINS_MS));
    const beside = await phase();
    const peakMb = peak();
    attack.kill('SIGKILL');
    await ended;
    // What it has left behind is cleared away before the next is compared with nobody.
    await new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS));
    claim({
      name: `202 P99 beside ${row.name} / alone`,
      engine: 'embedded',
      unit: 'ratio',
      values: [beside / alone],
      bound: { atMost: 2 },
    });
    claim({
      name: `memory beside ${row.name}`,
      engine: 'embedded',
      unit: 'MB',
      values: [peakMb],
      bound: { atMost: 512 },
    });
    console.log(`${''.padEnd(8)}P99 ${alone.toFixed(1)} ms alone, ${beside.toFixed(1)} ms beside`);
  }
} finally {
  await healthy.close();
  await service.stop();
  await receiver.stop();
}

async function prepare(): Promise<Abuser> {
  const [key, freeKey] = [await newKey('unlimited'), await newKey('free')];
  const [client, free] = [new Client(service.url, key), new Client(service.url, freeKey)];
  await batches(client, LARGE_EVENTS, 40, 'x'.repeat(258_000));
  await batches(client, SMALL_EVENTS, 1_000, 1);
  const endpoint = { url: receiver.url, event_types: ['nothing'] };
  const made = await Promise.all([client, free].map((each) => each.post('/api/endpoints', endpoint)));
  await Promise.all([client.close(), free.close()]);
  const [endpointId, freeEndpointId] = made.map(({ json }) => json.id as string);
  return { url: service.url, key, freeKey, endpointId: endpointId ?? '', freeEndpointId: freeEndpointId ?? '' };
}

async function newKey(tier: string): Promise<string> {
  const made = await healthy.post('/api/keys/generate', { organization_name: 'Abuser', tier }, { key: null });
  return made.json.api_key;
}

async function batches(client: Client, events: number, size: number, data: unknown): Promise<void> {
  for (let left = events; left > 0; left -= size) {
    const items = Array.from({ length: Math.min(size, left) }, () => ({ type: 'abuse', data }));
    const answer = await client.post('/api/events/batch', items);
    if (answer.status !== 202) throw new Error(answer.text);
  }
}

/** P99 of the healthy tenant's 202, in ms since each was due. */
async function phase(): Promise<number> {
  const sent = await openLoop({
    url: service.url,
    perSecond: PER_SECOND,
    seconds: SECONDS,
    connections: 16,
    bodyOf: (n) => `{"type":"healthy","data":${n}}`,
  });
  const refused = sent.filter(({ status }) => status !== 202).length;
  if (refused > 0) console.log(`${''.padEnd(8)}${refused} of ${sent.length} got no 202`);
  const sorted = Float64Array.from(sent.map(({ answeredMs }) => answeredMs)).sort();
  return percentile(sorted, 0.99) ?? Number.POSITIVE_INFINITY;
}

/** The peak of the process's resident memory begins anew (proc(5)). */
function resetPeak(): void {
  writeFileSync(`/proc/${service.pid}/clear_refs`, '5');
}

function peak(): number {
  const kb = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1];
  return Number(kb ?? Number.NaN) / 1024;
}
