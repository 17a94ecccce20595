import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.ts';
import { chooseEngine } from '../support/engine-choice.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually } from '../support/service.ts';

chooseEngine('distributed');
await import('../api/metrics.test.ts');

test('every role has a page with what it does', async (context) => {
  const receiver = await Receiver.start();
  context.after(() => receiver.stop());
  const cluster = await Cluster.start(context);
  const [api, worker, deliverer] = [
    await cluster.run('api'),
    await cluster.run('worker'),
    await cluster.run('deliverer'),
  ];
  const [client, ...others] = [api, worker, deliverer].map((process) => cluster.client(process));
  await client?.post('/api/endpoints', { url: receiver.url, event_types: ['a'] });
  assert.equal((await client?.post('/api/events', { type: 'a', data: 1 }))?.status, 202);
  const expected = [
    [client, /^triggers_events_total\{outcome="accepted"\} 1$/m],
    [others[0], /^triggers_event_persisted_seconds_count 1$/m],
    [others[1], /^triggers_attempt_duration_seconds_count\{result="delivered"\} 1$/m],
    [others[1], /^triggers_lanes\{state="sending"\} 0$/m],
  ] as const;
  for (const [process, line] of expected) {
    await eventually(async () => assert.match((await process?.get('/metrics', { key: null }))?.text ?? '', line));
  }
});
