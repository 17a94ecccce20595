import pg from 'pg';
import { claim } from './support/claims.ts';
import { residentMegabytes } from './support/process-cost.ts';
import { numbersOf } from './support/processes.ts';
import { rawLoad } from './support/raw-load.ts';
import { Servers } from './support/servers.ts';

/**
 * How fast one worker records what waits in the stream, events of 1 KB with one endpoint each, against a bare loop that
 * inserts the same events in batches of 200 on one connection; and what a backlog does to the memory of api and worker.
 */
const [EVENTS = 100_000] = numbersOf(process.argv.slice(2));
const BATCH = 200;

const servers = await Servers.start();
try {
  const api = await servers.run('api');
  const key = 'test-api-key-change-in-prod';
  const body = JSON.stringify({ type: 'bench.persist', data: { text: 'x'.repeat(960) } });
  const head = `Host: localhost\r\nX-API-Key: ${key}\r\nContent-Type: application/json\r\n`;
  const request = `POST /api/events HTTP/1.1\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  const endpoint = JSON.stringify({ url: 'http://127.0.0.1:9/', enabled: false });
  await fetch(`${api.url}/api/endpoints`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: endpoint,
  });
  const send = (durationMs: number) =>
    rawLoad({ url: api.url, connections: 32, durationMs, expectStatus: 202, requestOf: () => request });

  await send(1_000);
  const apiBefore = residentMegabytes(api.pid);
  let sent = 0;
  for (sent = await waiting(); sent < EVENTS; sent = await waiting()) {
    await send(2_000);
    progress(`${sent} of ${EVENTS} accepted`);
  }
  progress('');
  console.log(
    `${sent} events wait; the api took ${residentMegabytes(api.pid) - apiBefore} MB for them (${residentMegabytes(api.pid)} MB in all)`,
  );

  const worker = await servers.run('worker');
  const workerBefore = residentMegabytes(worker.pid);
  const from = await waiting();
  const since = performance.now();
  let peak = 0;
  for (let left = from; left > 0; left = await waiting()) {
    peak = Math.max(peak, residentMegabytes(worker.pid));
    progress(`${left} left`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  progress('');
  const perSecond = (from / (performance.now() - since)) * 1_000;
  console.log(
    `recorded ${perSecond.toFixed(0)} events/s by one worker (target ≥ 5000); its memory +${peak - workerBefore} MB`,
  );
  const bare = await bareInserts();
  console.log(`bare loop of inserts ${bare.toFixed(0)} events/s: ratio ${(perSecond / bare).toFixed(2)}`);
  const engine = 'distributed';
  claim({ name: 'one worker records', engine, unit: 'per second', values: [perSecond], bound: { atLeast: 5_000 } });
} finally {
  await servers.stop();
}

async function waiting(): Promise<number> {
  return Number(await servers.redis.command('XLEN', 'zapier:events'));
}

/** An event and a delivery each, nothing else: no look at inboxes, no queue, no stream. */
async function bareInserts(): Promise<number> {
  const client = new pg.Client({ connectionString: servers.postgres.url() });
  await client.connect();
  await client.query('CREATE TABLE bare_events (id uuid PRIMARY KEY, type text, data text, created_at bigint)');
  await client.query('CREATE TABLE bare_deliveries (id uuid PRIMARY KEY, event_id uuid, status text, due_at bigint)');
  const data = JSON.stringify({ text: 'x'.repeat(960) });
  const total = Math.min(EVENTS, 50_000);
  const since = performance.now();
  for (let done = 0; done < total; done += BATCH) {
    const ids = Array.from({ length: BATCH }, () => crypto.randomUUID());
    const columns = [ids, ids.map(() => 'bench.persist'), ids.map(() => data), ids.map(() => done)];
    await client.query(
      'WITH e AS (INSERT INTO bare_events SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) RETURNING id) INSERT INTO bare_deliveries SELECT id, id, $5, 0 FROM e',
      [...columns, 'pending'],
    );
  }
  const perSecond = (total / (performance.now() - since)) * 1_000;
  await client.end();
  return perSecond;
}

function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text}`);
}
