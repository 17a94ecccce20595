import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { SILENT_LOG } from '../../src/app/logging/log.ts';
import type { Span } from '../../src/app/tracing/span.ts';
import { SpanExport } from '../../src/app/tracing/span-export.ts';
import type { Log } from '../../src/ports/observability/log.ts';
import { HANG_MS } from '../support/hang.ts';
import { eventually } from '../support/service.ts';
import { TraceCollector } from '../support/trace-collector.ts';

const MOST_WAITING = 4_096;

function exportTo(endpoint: string): { spans: SpanExport; lines: string[] } {
  const lines: string[] = [];
  const log: Log = { ...SILENT_LOG, sampled: (_kind, _level, message) => void lines.push(message()) };
  return { spans: new SpanExport({ endpoint, headers: null, serviceName: 'shop', role: 'serve', log }), lines };
}

function span(n: number): Span {
  return {
    traceId: n.toString(16).padStart(32, '0'),
    spanId: n.toString(16).padStart(16, '0'),
    name: 'accept event',
    kind: 2,
    startTimeUnixNano: '1',
    endTimeUnixNano: '2',
    attributes: [],
  };
}

/** Takes connections and says nothing. */
async function silentServer(context: TestContext): Promise<string> {
  const server = createServer((socket) => void socket.resume().on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a collector that nobody can reach: what is dropped is counted, and a stop does not wait', async (context) => {
  const silent = exportTo(await silentServer(context)).spans;
  silent.add(span(0));
  const { spans, lines } = exportTo('http://127.0.0.1:9');
  for (let n = 0; n < 10; n++) spans.add(span(n));
  const closed: string[] = [];
  const waiting = silent.close().then(() => closed.push('silent'));
  await spans.close().then(() => closed.push('refused'));
  await waiting;
  assert.deepEqual(closed, ['refused', 'silent'], 'only silence is given its two seconds');
  assert.deepEqual(lines, ['10 spans were dropped; trace collector: it cannot be reached']);
});

test('a collector that says nothing: only so many wait, and a stop gives it two seconds', async (context) => {
  const { spans, lines } = exportTo(await silentServer(context));
  for (let n = 0; n < 500_000; n++) spans.add(span(n));
  const startedAt = performance.now();
  await spans.close();
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs > 1_500 && tookMs < HANG_MS, `${tookMs} ms`);
  // The request that is under way is given up later.
  const line = await eventually(() => lines[0] ?? assert.fail());
  assert.ok(Number(/^(\d+) spans were dropped/.exec(line)?.[1]) >= 500_000 - 2 * MOST_WAITING, line);
});

test('more than wait at once reach a collector that takes them; the rest is counted', async (context) => {
  const collector = await TraceCollector.start(context);
  const { spans, lines } = exportTo(collector.url);
  for (let n = 0; n < MOST_WAITING + 1_000; n++) spans.add(span(n));
  // Those of the first request have left the queue by then.
  await eventually(() => assert.ok(collector.spans.length >= MOST_WAITING));
  await spans.close();
  const dropped = Number(/^(\d+) spans were dropped; trace collector: the queue was full$/.exec(lines[0] ?? '')?.[1]);
  assert.equal(dropped + collector.spans.length, MOST_WAITING + 1_000);
});
