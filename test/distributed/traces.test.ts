import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.ts';
import { chooseEngine } from '../support/engine-choice.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually } from '../support/service.ts';
import { TraceCollector } from '../support/trace-collector.ts';

chooseEngine('distributed');
await import('../api/traces.test.ts');

test('one trace through processes of every role', async (context) => {
  const collector = await TraceCollector.start(context);
  const answers = [500, 200];
  const receiver = await Receiver.start((_got, response) => void response.writeHead(answers.shift() ?? 200).end());
  context.after(() => receiver.stop());
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, WEBHOOK_RETRY_SCHEDULE: '1s' };
  const cluster = await Cluster.start(context, { env });
  const api = cluster.client(await cluster.run('api'));
  await cluster.run('worker');
  await cluster.run('deliverer');
  await api.post('/api/endpoints', { url: receiver.url, event_types: ['a'] });
  const traceId = 'c'.repeat(32);
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  assert.equal((await api.post('/api/events', { type: 'a', data: 1 }, { headers })).status, 202);
  await eventually(() => {
    assert.deepEqual(Object.fromEntries(collector.rolesOf(traceId)), {
      'accept event': 'api',
      'persist event': 'worker',
      'attempt 1': 'deliverer',
      'attempt 2': 'deliverer',
    });
  });
  assert.equal(new Set(receiver.requests.map(({ headers: got }) => got['traceparent']?.slice(0, 35))).size, 1);
});
