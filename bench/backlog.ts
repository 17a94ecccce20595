import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '../test/support/service.ts';
import { claim } from './support/claims.ts';
import { residentMegabytes } from './support/process-cost.ts';
import { startService } from './support/processes.ts';
import { percentile, rawLoad } from './support/raw-load.ts';

/**
 * 100,000 events wait for an endpoint that is dead: how much memory that takes, and whether another endpoint notices.
 */
const EVENTS = Number(process.argv[2] ?? 100_000);
const PROBES = 200;

const service = await startService({ MAX_BACKLOG: '100000000' });
const client = new Client(service.url, 'test-api-key-change-in-prod');
let onArrival: (() => void) | undefined;
const receiver = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(204).end();
    onArrival?.();
  });
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
try {
  const healthy = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  await client.post('/api/endpoints', { url: 'http://127.0.0.1:9/dead', event_types: ['dead'] });
  await client.post('/api/endpoints', { url: healthy, event_types: ['probe'] });
  await send('warm.up');
  const before = await probe();
  const rssBefore = residentMegabytes(service.pid);
  for (let sent = 0; sent < EVENTS; ) sent += await send('dead', EVENTS - sent);
  const rssAfter = residentMegabytes(service.pid);
  const after = await probe();
  console.log(
    `resident memory: ${rssBefore} MB before, ${rssAfter} MB with ${EVENTS} waiting: +${rssAfter - rssBefore} MB`,
  );
  const name = `memory with ${EVENTS} waiting`;
  claim({ name, engine: 'embedded', unit: 'MB', values: [rssAfter], bound: { atMost: 300 } });
  console.log(
    `another endpoint, accepted → delivered: P50 ${before.p50} → ${after.p50} ms, P99 ${before.p99} → ${after.p99} ms`,
  );
} finally {
  await client.close();
  await service.stop();
  receiver.closeAllConnections();
  receiver.close();
}

/** @returns how many were sent: about a second's worth, or what is left */
async function send(type: string, atMost = Number.POSITIVE_INFINITY): Promise<number> {
  const body = JSON.stringify({ type, data: { text: 'x'.repeat(900) } });
  const request = `POST /api/events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: test-api-key-change-in-prod\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const { requests, unexpected } = await rawLoad({
    url: service.url,
    connections: Math.min(32, atMost),
    durationMs: atMost < 1_000 ? 50 : 1_000,
    expectStatus: 202,
    requestOf: () => request,
  });
  if (unexpected > 0) throw new Error(`${unexpected} answers were not 202`);
  return requests;
}

async function probe(): Promise<{ p50: string; p99: string }> {
  const took: number[] = [];
  for (let i = 0; i < PROBES; i++) {
    const startedAt = performance.now();
    const arrived = new Promise<void>((resolve) => {
      onArrival = resolve;
    });
    await client.send('probe', i);
    await arrived;
    took.push(performance.now() - startedAt);
  }
  const sorted = Float64Array.from(took).sort();
  return { p50: percentile(sorted, 0.5).toFixed(1), p99: percentile(sorted, 0.99).toFixed(1) };
}
